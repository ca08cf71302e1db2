package pagelens;

import com.yahoo.document.Document;
import com.yahoo.search.Query;
import com.yahoo.search.schema.RankProfile;
import com.yahoo.search.schema.Schema;
import com.yahoo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Scores in one or two phases: Vespa's evaluator computes them, the order and the cut are ours.
 *
 * <p>bm25 is no part of that evaluator: {@link StandInBm25} computes it.
 */
record StandInRanking(RankProfiles profiles, Schema schema, StandInFields fields) {

    private static final String FIRST = "firstphase";
    private static final String SECOND = "secondphase";
    private static final String RANKED_SCHEMA = "page"; // the other has Vespa's own profiles alone

    record Scored(Document document, double score) {}

    private static final Comparator<Scored> BEST_FIRST =
            Comparator.comparingDouble(Scored::score).reversed()
                    .thenComparing(it -> it.document().getId().toString());

    /**
     * The matching documents, best first; ties in order of document id.
     *
     * @param all documents of the schema, among which words are rare or not
     */
    List<Scored> rank(Query query, List<Document> matching, List<Document> all) {
        String name = query.getRanking().getProfile();
        RankProfile profile = schema.rankProfiles().get(name);
        if (name.equals("unranked") || !schema.name().equals(RANKED_SCHEMA)) {
            return scored(matching, document -> 0);
        }
        Map<String, Tensor> inputs = inputs(query, profile);
        StandInBm25 bm25 = StandInBm25.of(
                String.join(" ", profiles.properties(name).values()),
                query.getModel().getQueryTree().getRoot(),
                all,
                fields);
        List<Scored> first = scored(matching, it -> {
            Map<String, Tensor> known = new HashMap<>(inputs);
            known.putAll(bm25.values(it, fields));
            return score(name, FIRST, it, known);
        });
        if (!profiles.hasPhase(name, SECOND)) {
            return first;
        }
        int count = Math.min(first.size(), rerankCount(query, profile));
        List<Scored> best = first.subList(0, count);
        List<Document> documents = best.stream().map(Scored::document).toList();
        List<Scored> second = scored(documents, it -> score(name, SECOND, it, inputs));
        List<Scored> both = new ArrayList<>(second);
        both.addAll(below(second, best, first.subList(count, first.size())));
        return both;
    }

    private static List<Scored> scored(List<Document> documents, ToDoubleFunction<Document> score) {
        return documents.parallelStream()
                .map(it -> new Scored(it, score.applyAsDouble(it)))
                .sorted(BEST_FIRST)
                .toList();
    }

    private double score(String name, String phase, Document page, Map<String, Tensor> inputs) {
        Map<String, Tensor> all = new HashMap<>(inputs);
        all.putAll(RankProfiles.attributes(page));
        return profiles.score(name, phase, all);
    }

    /**
     * The profile's inputs as a content node is sent them: query(qt) under the name qt. One that
     * the request does not set is an empty tensor, or one of zeros.
     */
    private static Map<String, Tensor> inputs(Query query, RankProfile profile) {
        Map<String, Tensor> inputs = new HashMap<>();
        profile.inputs().forEach((name, type) -> {
            String sent = name.substring("query(".length(), name.length() - 1);
            inputs.put(name, query.getRanking().getProperties().getAsTensor(sent)
                    .orElseGet(() -> Tensor.Builder.of(type.tensorType()).build()));
        });
        return inputs;
    }

    private static int rerankCount(Query query, RankProfile profile) {
        Integer asked = query.getRanking().getSecondPhase().getTotalRerankCount();
        return asked != null ? asked : profile.secondPhase().totalRerankCount().orElseThrow();
    }

    /**
     * What phase 2 left out, with the scores a content node gives it: those of phase 1, squeezed
     * and moved where a page below could otherwise outdo one above (searchlib's
     * FirstPhaseRescorer).
     */
    private static List<Scored> below(List<Scored> second, List<Scored> first, List<Scored> rest) {
        if (second.isEmpty() || lowest(second) >= lowest(first)) {
            return rest;
        }
        double scale = range(second) / range(first);
        double shift = lowest(first) * scale - lowest(second);
        return rest.stream()
                .map(it -> new Scored(it.document(), it.score() * scale - shift))
                .toList();
    }

    private static double lowest(List<Scored> sorted) {
        return sorted.get(sorted.size() - 1).score();
    }

    private static double range(List<Scored> sorted) {
        return Math.max(1, sorted.get(0).score() - lowest(sorted));
    }
}
