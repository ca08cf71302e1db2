package pagelens;

import ai.vespa.models.evaluation.FunctionEvaluator;
import ai.vespa.models.evaluation.Model;
import ai.vespa.models.evaluation.ModelsEvaluator;
import ai.vespa.models.evaluation.RankProfilesConfigImporter;
import com.yahoo.document.Document;
import com.yahoo.document.Field;
import com.yahoo.document.TensorDataType;
import com.yahoo.document.datatypes.TensorFieldValue;
import com.yahoo.search.Query;
import com.yahoo.tensor.Tensor;
import com.yahoo.vespa.config.search.RankProfilesConfig;
import com.yahoo.vespa.config.search.core.OnnxModelsConfig;
import com.yahoo.vespa.config.search.core.RankingConstantsConfig;
import com.yahoo.vespa.config.search.core.RankingExpressionsConfig;
import com.yahoo.vespa.model.search.DocumentDatabase;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The rank profiles of schema page as Vespa derives them for its engine, evaluated by Vespa's Java
 * evaluator: the one a query container runs in global-phase.
 *
 * <p>Models are parsed once and never change; each score makes evaluators of its own, so several
 * threads may ask at the same time.
 *
 * <p>This evaluator computes in doubles where the engine adds dot products in floats: engine and
 * evaluator agree to the last bits of a float.
 *
 * @param config what the models were made of: see {@link #withPowers}
 */
record RankProfiles(RankProfilesConfig config, Map<String, Model> models) {

    private static final String FUNCTION = "rankingExpression(";
    private static final String INVERSE = "1 / (1 + ";

    static RankProfiles of(PreparedApplication application) {
        DocumentDatabase database = application.model().getSearchClusters().stream()
                .flatMap(cluster -> cluster.getDocumentDbs().stream())
                .filter(it -> it.getSchemaName().equals("page"))
                .findFirst()
                .orElseThrow();
        RankProfilesConfig.Builder derived = new RankProfilesConfig.Builder();
        database.getConfig(derived);
        RankProfilesConfig config = evaluable(derived.build());
        ModelsEvaluator evaluator = new ModelsEvaluator(
                new RankProfilesConfigImporter(null, null), // no files and no ONNX to be fetched
                config,
                new RankingConstantsConfig.Builder().build(),
                new RankingExpressionsConfig.Builder().build(),
                new OnnxModelsConfig.Builder().build());
        return new RankProfiles(config, Map.copyOf(evaluator.models()));
    }

    /**
     * Scores one page in one phase.
     *
     * @param profile the rank profile, such as "hamming-then-float"
     * @param phase "firstphase" or "secondphase"
     * @param inputs by the names expressions have for them: see {@link #attributes} and
     *     {@link #queryInputs}; those the phase does not ask for are ignored
     * @throws IllegalArgumentException there is no such profile, phase or input
     */
    double score(String profile, String phase, Map<String, Tensor> inputs) {
        Model model = models.get(profile);
        if (model == null) {
            throw new IllegalArgumentException("No rank profile " + profile);
        }
        return score(model, phase, inputs);
    }

    /** Whether the profile has this phase. */
    boolean hasPhase(String profile, String phase) {
        return models.get(profile).functions().stream().anyMatch(it -> it.getName().equals(phase));
    }

    /** What a profile was evaluated from, by name. */
    Map<String, String> properties(String profile) {
        Map<String, String> properties = new TreeMap<>();
        config.rankprofile().stream()
                .filter(it -> it.name().equals(profile))
                .forEach(it -> it.fef().property()
                        .forEach(property -> properties.put(property.name(), property.value())));
        return properties;
    }

    /** The document's tensors as expressions name them; empty ones where the document has none. */
    static Map<String, Tensor> attributes(Document document) {
        Map<String, Tensor> tensors = new HashMap<>();
        for (Field field : document.getDataType().getFields()) {
            if (field.getDataType() instanceof TensorDataType type) {
                TensorFieldValue value = (TensorFieldValue) document.getFieldValue(field);
                Tensor tensor = value == null
                        ? Tensor.Builder.of(type.getTensorType()).build()
                        : value.getTensor().orElseThrow();
                tensors.put("attribute(" + field.getName() + ")", tensor);
            }
        }
        return tensors;
    }

    /** The query's tensors as expressions name them, typed as its rank profile declares them. */
    static Map<String, Tensor> queryInputs(Query query) {
        Map<String, Tensor> tensors = new HashMap<>();
        query.getRanking().getFeatures().asMap().forEach((name, value) -> {
            if (value instanceof Tensor tensor) {
                tensors.put(name, tensor);
            }
        });
        return tensors;
    }

    /** A phase or function of which others are part: these are arguments to it, bound first. */
    private static double score(Model model, String function, Map<String, Tensor> inputs) {
        FunctionEvaluator evaluator = model.evaluatorOf(function); // good for one evaluation
        for (String argument : evaluator.function().argumentTypes().keySet()) {
            if (argument.startsWith(FUNCTION)) {
                String inner = argument.substring(FUNCTION.length(), argument.length() - 1);
                evaluator.bind(argument, score(model, inner, inputs));
            } else if (inputs.containsKey(argument)) {
                evaluator.bind(argument, inputs.get(argument));
            } else {
                throw new IllegalArgumentException(function + " needs " + argument);
            }
        }
        return evaluator.evaluate().asDouble();
    }

    /** The config with every script in a form the Java evaluator can compute. */
    private static RankProfilesConfig evaluable(RankProfilesConfig derived) {
        RankProfilesConfig.Builder rewritten = new RankProfilesConfig.Builder();
        derived.rankprofile().forEach(profile -> rewritten.rankprofile(copy -> {
            copy.name(profile.name());
            copy.fef(fef -> profile.fef().property().forEach(it -> fef.property(
                    property -> property.name(it.name()).value(withPowers(it.value())))));
        }));
        return rewritten.build();
    }

    /**
     * Writes each {@code 1 / (1 + x)} as {@code (1 + x) ^ -1}.
     *
     * <p>The Java evaluator cannot divide a number by a tensor. The engine can, and makes one fast
     * loop of the script only where the division is written; so it is the test that gives way.
     */
    static String withPowers(String script) {
        String rewritten = script;
        while (rewritten.contains(INVERSE)) {
            int start = rewritten.indexOf(INVERSE);
            int open = start + INVERSE.indexOf('(');
            int end = afterBracket(rewritten, open);
            rewritten = rewritten.substring(0, start)
                    + rewritten.substring(open, end)
                    + " ^ -1"
                    + rewritten.substring(end);
        }
        return rewritten;
    }

    /** The place after the bracket that closes the one at `open`. */
    private static int afterBracket(String script, int open) {
        int depth = 0;
        for (int i = open; i < script.length(); i++) {
            depth += switch (script.charAt(i)) {
                case '(' -> 1;
                case ')' -> -1;
                default -> 0;
            };
            if (depth == 0) {
                return i + 1;
            }
        }
        throw new IllegalArgumentException("No closing bracket: " + script);
    }
}
