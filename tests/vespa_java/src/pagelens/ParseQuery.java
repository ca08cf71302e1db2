package pagelens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.yahoo.search.Query;
import com.yahoo.search.Result;
import com.yahoo.search.Searcher;
import com.yahoo.search.query.Sorting;
import com.yahoo.search.searchchain.Execution;
import com.yahoo.tensor.Tensor;
import com.yahoo.tensor.serialization.JsonFormat;
import com.yahoo.tensor.serialization.JsonFormat.EncodeOptions;
import java.io.File;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What Vespa understands of the body of a POST /search/: the query its content nodes would get. */
final class ParseQuery implements Command {

    /**
     * @param error of the searcher that refused the query, null where all let it pass
     * @param tree the query as Vespa writes it
     * @param inputs each query tensor with its type, in the short form with hexadecimal cells
     * @param totalRerankCount null where the request does not say
     * @param softTimeoutFactor which part of the time-out phase 1 may take, null where nothing says
     * @param grouping each grouping as Vespa writes it
     */
    record Parsed(
            String error,
            String tree,
            String profile,
            Map<String, JsonNode> inputs,
            int hits,
            int offset,
            long timeoutMs,
            Double softTimeoutFactor,
            Integer totalRerankCount,
            Set<String> schemas,
            Set<String> sources,
            Set<String> summaryFields,
            String grouping,
            List<String> sorting,
            boolean timing) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final EncodeOptions SHORT_HEX = new EncodeOptions(true, false, true);

    /** Preparing takes longer than parsing, and tests ask for few applications many times. */
    private final Map<String, QueryParsing> applications = new HashMap<>();

    @Override
    public Object run(JsonNode arguments) throws Exception {
        QueryParsing parsing = parsing(arguments.get("application").asText());
        Query query = parsing.query(JSON.writeValueAsBytes(arguments.get("body")));
        Result result = parsing.search(query, new NoPages());
        var error = result.hits().getError();
        return new Parsed(
                error == null ? null : error.getMessage() + ": " + error.getDetailedMessage(),
                query.getModel().getQueryTree().toString(),
                query.getRanking().getProfile(),
                inputs(query),
                query.getHits(),
                query.getOffset(),
                query.getTimeout(),
                query.getRanking().getSoftTimeout().getFactor(),
                query.getRanking().getSecondPhase().getTotalRerankCount(),
                query.getModel().getRestrict(),
                query.getModel().getSources(),
                query.getPresentation().getSummaryFields(),
                query.getSelect().getGrouping().toString(),
                sorting(query),
                query.getPresentation().getTiming());
    }

    /** By what, and how it is compared: what goes to the content nodes does not tell raw from none. */
    private static List<String> sorting(Query query) {
        Sorting sorting = query.getRanking().getSorting();
        return sorting == null
                ? List.of()
                : sorting.fieldOrders().stream()
                        .map(it -> it.getSorter().getClass().getSimpleName() + " " + it)
                        .toList();
    }

    private QueryParsing parsing(String folder) throws Exception {
        QueryParsing known = applications.get(folder);
        if (known == null) {
            known = new QueryParsing(PreparedApplication.of(new File(folder)));
            applications.put(folder, known);
        }
        return known;
    }

    private static Map<String, JsonNode> inputs(Query query) throws IOException {
        Map<String, JsonNode> inputs = new TreeMap<>();
        for (Map.Entry<String, Tensor> it : RankProfiles.queryInputs(query).entrySet()) {
            inputs.put(it.getKey(), JSON.readTree(JsonFormat.encode(it.getValue(), SHORT_HEX)));
        }
        return inputs;
    }

    /** In place of the content nodes: finds nothing. */
    private static final class NoPages extends Searcher {

        @Override
        public Result search(Query query, Execution execution) {
            return new Result(query);
        }
    }
}
