package pagelens;

import com.fasterxml.jackson.databind.JsonNode;
import com.yahoo.language.Language;
import com.yahoo.language.Linguistics;
import com.yahoo.language.process.LinguisticsParameters;
import com.yahoo.language.process.StemMode;
import com.yahoo.language.process.Token;
import java.util.ArrayList;
import java.util.List;

/** The words Vespa's default linguistics makes of a text for our fields: accents stay, no stems. */
final class Tokenize implements Command {

    private final Linguistics linguistics = QueryParsing.linguistics();

    @Override
    public Object run(JsonNode arguments) {
        String text = arguments.get("text").asText();
        Language guessed = linguistics.getDetector().detect(text, null).getLanguage();
        LinguisticsParameters unstemmed =
                new LinguisticsParameters(guessed, StemMode.NONE, false, true);
        List<String> words = new ArrayList<>();
        for (Token token : linguistics.getTokenizer().tokenize(text, unstemmed)) {
            if (token.isIndexable()) {
                words.add(token.getTokenString());
            }
        }
        return words;
    }
}
