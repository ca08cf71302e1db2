package pagelens;

import com.yahoo.document.Document;
import com.yahoo.document.datatypes.Array;
import com.yahoo.document.datatypes.FieldValue;
import com.yahoo.prelude.fastsearch.FastHit;
import com.yahoo.search.Query;
import com.yahoo.search.Result;
import com.yahoo.search.Searcher;
import com.yahoo.search.grouping.vespa.GroupingExecutor;
import com.yahoo.search.result.Coverage;
import com.yahoo.search.result.ErrorMessage;
import com.yahoo.search.searchchain.Execution;
import com.yahoo.yolean.chain.After;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Takes the place of the content cluster at the end of the search chain: what comes to it is a
 * query parsed, typed and checked by Vespa, what it gives is rendered by Vespa.
 */
@After("*")
final class StandInSearcher extends Searcher {

    /**
     * @param summaries the fields of each document-summary
     */
    record Searched(
            StandInFields fields, StandInRanking ranking, Map<String, Set<String>> summaries) {}

    private static final String DEFAULT_SUMMARY = "default";

    private final String cluster;
    private final StandInDocuments documents;
    private final Map<String, Searched> schemas;

    /** @param schemas by name */
    StandInSearcher(String cluster, StandInDocuments documents, Map<String, Searched> schemas) {
        this.cluster = cluster;
        this.documents = documents;
        this.schemas = schemas;
    }

    @Override
    public Result search(Query query, Execution execution) {
        String type = type(query);
        Searched schema = schemas.get(type);
        String profile = query.getRanking().getProfile();
        if (!schema.ranking().schema().rankProfiles().containsKey(profile)) {
            return new Result(query, ErrorMessage.createInvalidQueryParameter( // as VespaBackend
                    schema.ranking().schema() + " does not contain requested rank profile '"
                            + profile + "'"));
        }
        List<Document> searched = documents.all().stream()
                .filter(it -> it.getDataType().getName().equals(type))
                .toList();
        List<Document> matching = new StandInMatching(
                        searched, schema.fields(), new StandInNearest(query))
                .matches(query.getModel().getQueryTree().getRoot())
                .stream()
                .mapToObj(searched::get)
                .toList();
        Result result = new Result(query);
        result.setTotalHitCount(matching.size());
        result.setCoverage(new Coverage(searched.size(), searched.size(), 1));
        if (GroupingExecutor.hasGroupingList(query)) {
            result.hits().add(StandInGrouping.over(matching, query));
        }
        if (query.getHits() > 0) { // a content node ranks nothing where no hit is wanted
            schema.ranking().rank(query, matching, searched).stream()
                    .sorted(asked(query))
                    .skip(query.getOffset())
                    .limit(query.getHits())
                    .forEach(it -> result.hits().add(hit(query, schema, it)));
        }
        result.hits().setOrdered(true);
        return result;
    }

    /** What `order by` asks for: texts, ascending. The order is kept where it asks for nothing. */
    private static Comparator<StandInRanking.Scored> asked(Query query) {
        Comparator<StandInRanking.Scored> order = (one, other) -> 0;
        if (query.getRanking().getSorting() != null) {
            for (var field : query.getRanking().getSorting().fieldOrders()) {
                Map<Document, byte[]> keys = new IdentityHashMap<>(); // each is compared many times
                order = order.thenComparing(
                        it -> keys.computeIfAbsent(
                                it.document(), one -> sortedBy(one, field.getFieldName())),
                        Arrays::compareUnsigned);
            }
        }
        return order;
    }

    /** As Vespa does with the function raw: bytes of UTF-8, of an array those of its least value. */
    private static byte[] sortedBy(Document document, String field) {
        FieldValue value = document.getFieldValue(field);
        Stream<?> values = value instanceof Array<?> array ? array.stream() : Stream.of(value);
        return values.map(it -> it.toString().getBytes(StandardCharsets.UTF_8))
                .min(Arrays::compareUnsigned)
                .orElseThrow();
    }

    /** A hit is filled from the start. */
    @Override
    public void fill(Result result, String summary, Execution execution) {}

    /** Our client names one schema in each search. */
    private String type(Query query) {
        Set<String> named = new HashSet<>(query.getModel().getRestrict());
        if (named.isEmpty()) {
            named.addAll(query.getModel().getSources());
        }
        named.retainAll(schemas.keySet());
        if (named.size() != 1) {
            throw new UnsupportedOperationException("The stand-in searches one schema at a time.");
        }
        return named.iterator().next();
    }

    private FastHit hit(Query query, Searched schema, StandInRanking.Scored scored) {
        Document document = scored.document();
        String id = HexFormat.of().formatHex(document.getId().getGlobalId());
        FastHit hit = new FastHit("index:" + cluster + "/0/" + id, scored.score());
        hit.setSource(cluster);
        hit.setQuery(query);
        String summary = query.getPresentation().getSummary();
        Set<String> wanted = query.getPresentation().getSummaryFields();
        for (String name : schema.summaries().get(summary == null ? DEFAULT_SUMMARY : summary)) {
            if (wanted.isEmpty() || wanted.contains(name)) {
                Object value = value(document, name);
                if (value != null) {
                    hit.setField(name, value);
                }
            }
        }
        hit.setFilled(summary);
        return hit;
    }

    private static Object value(Document document, String field) {
        return switch (field) {
            case "documentid" -> document.getId().toString();
            case "sddocname" -> document.getDataType().getName();
            default -> document.getFieldValue(field); // null where it has none
        };
    }
}
