package pagelens;

import com.fasterxml.jackson.databind.JsonNode;
import com.yahoo.document.Document;
import com.yahoo.document.DocumentOperation;
import com.yahoo.document.DocumentPut;
import com.yahoo.document.DocumentType;
import com.yahoo.document.DocumentTypeManager;
import com.yahoo.document.DocumentUpdate;
import com.yahoo.document.annotation.Annotation;
import com.yahoo.document.annotation.AnnotationTypes;
import com.yahoo.document.annotation.SpanTree;
import com.yahoo.document.annotation.SpanTrees;
import com.yahoo.document.datatypes.FieldValue;
import com.yahoo.document.datatypes.StringFieldValue;
import com.yahoo.document.update.FieldUpdate;
import com.yahoo.language.Linguistics;
import com.yahoo.vespa.configdefinition.IlscriptsConfig;
import com.yahoo.vespa.indexinglanguage.FieldValuesFactory;
import com.yahoo.vespa.indexinglanguage.ScriptParserContext;
import com.yahoo.vespa.indexinglanguage.expressions.Expression;
import com.yahoo.vespa.indexinglanguage.expressions.InputExpression;
import com.yahoo.vespa.indexinglanguage.expressions.ScriptExpression;
import com.yahoo.vespa.indexinglanguage.expressions.StatementExpression;
import com.yahoo.vespa.indexinglanguage.parser.IndexingInput;
import com.yahoo.vespa.indexinglanguage.parser.ParseException;
import java.io.File;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A line of a feed file after Vespa's indexing scripts, which a container runs before it hands an
 * operation to the content nodes: statements derived from the schemas, run by Vespa's own code.
 *
 * <p>Ours is which statements an operation runs, as Vespa's IndexingProcessor is not published: all
 * of its type for a put, those that read the field for each field of an update.
 */
final class IndexOperation implements Command {

    private final Linguistics linguistics = QueryParsing.linguistics();
    private final Map<String, Scripts> scriptsOf = new HashMap<>();

    private record Scripts(
            DocumentTypeManager types,
            Map<String, Expression> whole,
            FieldValuesFactory byField) {}

    /**
     * @param operation what the content nodes are sent
     * @param terms for each field that was cut into terms: they, in order of their place
     */
    record Indexed(ReadOperation.Operation operation, Map<String, List<String>> terms) {}

    @Override
    public Object run(JsonNode arguments) throws Exception {
        String application = arguments.get("application").asText();
        if (!scriptsOf.containsKey(application)) {
            scriptsOf.put(application, scripts(application));
        }
        Scripts scripts = scriptsOf.get(application);
        DocumentOperation read =
                ReadOperation.readLine(scripts.types(), arguments.get("line").asText());
        Map<String, List<String>> terms = new TreeMap<>();
        if (read instanceof DocumentPut put) {
            Expression all = scripts.whole().get(put.getDocument().getDataType().getName());
            Document document = all.execute(
                    scripts.byField(), put.getDocument(), false, Instant.EPOCH);
            document.iterator().forEachRemaining(
                    field -> addTerms(terms, field.getKey().getName(), field.getValue()));
            return new Indexed(ReadOperation.operation(new DocumentPut(document)), terms);
        }
        if (read instanceof DocumentUpdate update) {
            Expression all = scripts.whole().get(update.getType().getName());
            DocumentUpdate indexed =
                    Expression.execute(all, scripts.byField(), update, Instant.EPOCH);
            for (FieldUpdate field : indexed.fieldUpdates()) {
                Object value = field.getValueUpdate(0).getValue();
                addTerms(terms, field.getField().getName(), (FieldValue) value);
            }
            return new Indexed(ReadOperation.operation(indexed), terms);
        }
        throw new IllegalArgumentException("Vespa runs no script for this line");
    }

    private Scripts scripts(String application) throws Exception {
        DocumentTypeManager types = ReadOperation.types(application);
        Map<String, Expression> whole = new HashMap<>();
        Map<String, Map<String, ScriptExpression>> byField = new HashMap<>();
        for (var database : StandInFields.databases(
                PreparedApplication.of(new File(application)).model())) {
            IlscriptsConfig.Builder builder = new IlscriptsConfig.Builder();
            database.getConfig(builder);
            IlscriptsConfig config = builder.build();
            for (IlscriptsConfig.Ilscript script : config.ilscript()) {
                DocumentType type = types.getDocumentType(script.doctype());
                List<StatementExpression> all = new ArrayList<>();
                Map<String, List<StatementExpression>> reading = new HashMap<>();
                for (String text : script.content()) {
                    StatementExpression statement = statement(config, text);
                    statement.resolve(type);
                    all.add(statement);
                    InputExpression.InputFieldNameExtractor.runOn(statement).forEach(field ->
                            reading.computeIfAbsent(field, it -> new ArrayList<>()).add(statement));
                }
                whole.put(script.doctype(), new ScriptExpression(all));
                Map<String, ScriptExpression> fields = new HashMap<>();
                reading.forEach((field, it) -> fields.put(field, new ScriptExpression(it)));
                byField.put(script.doctype(), fields);
            }
        }
        return new Scripts(types, whole, new FieldValuesFactory(
                new FieldValuesFactory.SelectExpression() {
                    @Override
                    public Expression selectExpression(DocumentType type, String field) {
                        return byField.get(type.getName()).get(field);
                    }
                }));
    }

    private StatementExpression statement(IlscriptsConfig limits, String text)
            throws ParseException {
        ScriptParserContext context =
                new ScriptParserContext(linguistics, Map.of(), Map.of(), Map.of());
        context.getAnnotatorConfig()
                .setMaxTermOccurrences(limits.maxtermoccurrences())
                .setMaxTokenLength(limits.maxtokenlength())
                .setMaxTokenizeLength(limits.fieldmatchmaxlength())
                .setMaxReplacementCharacters(limits.maxReplacementCharacters())
                .setMaxReplacementCharactersRatio(limits.maxReplacementCharactersRatio());
        return StatementExpression.newInstance(context.setInputStream(new IndexingInput(text)));
    }

    private static void addTerms(
            Map<String, List<String>> terms, String field, FieldValue value) {
        if (!(value instanceof StringFieldValue text)) {
            return;
        }
        SpanTree tree = text.getSpanTree(SpanTrees.LINGUISTICS);
        if (tree == null) {
            return;
        }
        List<Annotation> found = new ArrayList<>();
        tree.iterator().forEachRemaining(it -> {
            if (it.getType().equals(AnnotationTypes.TERM)) {
                found.add(it);
            }
        });
        found.sort(Comparator.comparingInt(it -> it.getSpanNode().getFrom())); // stable
        List<String> words = new ArrayList<>();
        for (Annotation term : found) {
            CharSequence own = term.getSpanNode().getText(text.getString());
            // a term that differs from its text is written beside it
            words.add(term.hasFieldValue() ? term.getFieldValue().toString() : own.toString());
        }
        terms.put(field, words);
    }
}
