package pagelens;

import com.yahoo.document.Document;
import com.yahoo.prelude.query.CompositeItem;
import com.yahoo.prelude.query.EquivItem;
import com.yahoo.prelude.query.Item;
import com.yahoo.prelude.query.NotItem;
import com.yahoo.prelude.query.WordItem;
import com.yahoo.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The bm25 features of a profile's first phase: the formula of Vespa's documentation over all
 * documents of the schema, for the words of one query. Words in an equiv are one word.
 *
 * @param fields by the name of the feature: bm25(text_forms)
 */
record StandInBm25(Map<String, OfField> fields) {

    private static final double K1 = 1.2;
    private static final double B = 0.75;
    private static final Pattern FEATURE = Pattern.compile("bm25\\((\\w+)\\)");

    /** One field: the words asked for, how rare each is, and the mean number of words. */
    record OfField(String name, Map<Set<String>, Double> rarity, double meanLength) {}

    static StandInBm25 of(
            String expression, Item query, List<Document> documents, StandInFields fields) {
        Map<String, OfField> features = new HashMap<>();
        List<MatchResult> named = FEATURE.matcher(expression).results().toList();
        for (MatchResult feature : named) {
            String field = feature.group(1);
            Set<Set<String>> asked = words(query)
                    .filter(word -> fields.textFields(word.get(0).getIndexName()).contains(field))
                    .map(word -> word.stream().map(WordItem::getWord).collect(Collectors.toSet()))
                    .collect(Collectors.toSet());
            List<List<String>> texts =
                    documents.stream().map(it -> fields.words(it, field)).toList();
            Map<Set<String>, Double> rarity = new HashMap<>();
            for (Set<String> word : asked) {
                double n = texts.stream().filter(text -> count(text, word) > 0).count();
                rarity.put(word, Math.log(1 + (texts.size() - n + 0.5) / (n + 0.5)));
            }
            double mean = texts.stream().mapToInt(List::size).average().orElse(0);
            features.put(feature.group(), new OfField(field, rarity, mean));
        }
        return new StandInBm25(features);
    }

    /** The features' values for a document, as expressions name them. */
    Map<String, Tensor> values(Document document, StandInFields index) {
        Map<String, Tensor> values = new HashMap<>();
        fields.forEach((feature, field) ->
                values.put(feature, Tensor.from(score(index.words(document, field.name()), field))));
        return values;
    }

    private static double score(List<String> text, OfField field) {
        double damping = K1 * (1 - B + B * text.size() / Math.max(1, field.meanLength()));
        double score = 0;
        for (Map.Entry<Set<String>, Double> word : field.rarity().entrySet()) {
            double n = count(text, word.getKey());
            score += word.getValue() * n * (K1 + 1) / (n + damping);
        }
        return score;
    }

    private static long count(List<String> text, Set<String> word) {
        return text.stream().filter(word::contains).count();
    }

    /** The words a query ranks by, those of an equiv together. */
    private static Stream<List<WordItem>> words(Item item) {
        if (item instanceof EquivItem word) {
            return Stream.of(word.items().stream().map(it -> (WordItem) it).toList());
        }
        if (item instanceof NotItem not) {
            return words(not.getPositiveItem());
        }
        if (item instanceof CompositeItem all) {
            return all.items().stream().flatMap(StandInBm25::words);
        }
        return item instanceof WordItem word ? Stream.of(List.of(word)) : Stream.of();
    }
}
