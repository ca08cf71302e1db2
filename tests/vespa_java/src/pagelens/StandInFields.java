package pagelens;

import static java.util.stream.Collectors.toSet;

import com.yahoo.document.Document;
import com.yahoo.document.datatypes.FieldValue;
import com.yahoo.language.Language;
import com.yahoo.language.Linguistics;
import com.yahoo.language.process.LinguisticsParameters;
import com.yahoo.language.process.StemMode;
import com.yahoo.language.process.Token;
import com.yahoo.vespa.config.search.AttributesConfig;
import com.yahoo.vespa.config.search.IndexschemaConfig;
import com.yahoo.vespa.model.VespaModel;
import com.yahoo.vespa.model.search.DocumentDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the fields of one schema mean to a search.
 *
 * @param attributes by name, and whether upper and lower case differ in it
 * @param sets the fields of each field set
 * @param cut texts and their words: each is asked for with every term of every query
 */
record StandInFields(
        Map<String, Boolean> attributes,
        Map<String, Set<String>> sets,
        Linguistics linguistics,
        Map<String, List<String>> cut) {

    private static final String DEFAULT_FIELD_SET = "default";

    static StandInFields of(DocumentDatabase database, Linguistics linguistics) {
        Map<String, Boolean> cased = new TreeMap<>();
        attributes(database).forEach(it ->
                cased.put(it.name(), it.match() == AttributesConfig.Attribute.Match.CASED));
        IndexschemaConfig.Builder config = new IndexschemaConfig.Builder();
        database.getConfig(config);
        Map<String, Set<String>> sets = new TreeMap<>();
        config.build().fieldset().forEach(set -> sets.put(
                set.name(), set.field().stream().map(field -> field.name()).collect(toSet())));
        return new StandInFields(cased, sets, linguistics, new ConcurrentHashMap<>());
    }

    /** By schema. */
    static Map<String, Set<String>> attributeNames(VespaModel model) {
        Map<String, Set<String>> names = new TreeMap<>();
        databases(model).forEach(it -> names.put(
                it.getSchemaName(),
                attributes(it).stream().map(attribute -> attribute.name()).collect(toSet())));
        return names;
    }

    static List<DocumentDatabase> databases(VespaModel model) {
        return model.getSearchClusters().stream()
                .flatMap(cluster -> cluster.getDocumentDbs().stream())
                .toList();
    }

    private static List<AttributesConfig.Attribute> attributes(DocumentDatabase database) {
        AttributesConfig.Builder config = new AttributesConfig.Builder();
        database.getConfig(config);
        return config.build().attribute();
    }

    boolean isAttribute(String field) {
        return attributes.containsKey(field);
    }

    boolean isCased(String attribute) {
        return attributes.get(attribute);
    }

    /** The fields a term looks at: those of a field set, or the field itself. */
    Set<String> textFields(String name) {
        return sets.getOrDefault(name.isEmpty() ? DEFAULT_FIELD_SET : name, Set.of(name));
    }

    /**
     * The words of a text field in order.
     *
     * <p>Cut by Vespa's tokenizer. A content cluster runs the schema's indexing statements; here is
     * only what they amount to for our fields: lower case, accents as they are, no stems.
     */
    List<String> words(Document document, String field) {
        FieldValue value = document.getFieldValue(field);
        return value == null ? List.of() : cut.computeIfAbsent(value.toString(), this::wordsOf);
    }

    private List<String> wordsOf(String text) {
        // without stems the language makes no difference
        LinguisticsParameters plain =
                new LinguisticsParameters(Language.UNKNOWN, StemMode.NONE, false, true);
        List<String> words = new ArrayList<>();
        for (Token token : linguistics.getTokenizer().tokenize(text, plain)) {
            if (token.isIndexable()) {
                words.add(token.getTokenString());
            }
        }
        return words;
    }
}
