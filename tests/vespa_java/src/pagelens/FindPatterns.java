package pagelens;

import com.fasterxml.jackson.databind.JsonNode;
import com.yahoo.prelude.query.RegExpItem;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** In which texts expressions are found, as the stand-in does it for "matches" in YQL. */
final class FindPatterns implements Command {

    /** @param arguments "searches": pairs of an expression and a list of texts */
    @Override
    public Object run(JsonNode arguments) {
        List<List<Boolean>> all = new ArrayList<>();
        for (JsonNode search : arguments.get("searches")) {
            RegExpItem term = new RegExpItem("filter_paths", true, search.get(0).asText());
            Pattern pattern = StandInMatching.pattern(term, true);
            List<Boolean> found = new ArrayList<>();
            search.get(1).forEach(text -> found.add(pattern.matcher(text.asText()).find()));
            all.add(found);
        }
        return all;
    }
}
