package pagelens;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.yahoo.document.Document;
import com.yahoo.document.DocumentPut;
import com.yahoo.document.DocumentTypeManager;
import com.yahoo.document.config.DocumentmanagerConfig;
import com.yahoo.document.json.DocumentOperationType;
import com.yahoo.document.json.JsonReader;
import com.yahoo.search.Query;
import com.yahoo.tensor.Tensor;
import com.yahoo.vespa.model.VespaModel;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the phases of a search's ranking give pages: "body" is that of the search, "pages" are the
 * fields of puts, and Vespa reads both as it reads them from us.
 */
final class Score implements Command {

    /**
     * @param phases the scores of each phase the profile has, in the order of the pages
     * @param properties of the profile, as evaluated: see {@link RankProfiles#withPowers}
     */
    record Scores(Map<String, List<Double>> phases, Map<String, String> properties) {}

    private record Application(
            DocumentTypeManager types, QueryParsing parsing, RankProfiles profiles) {}

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Preparing takes longer than scoring, and tests ask for few applications many times. */
    private final Map<String, Application> applications = new HashMap<>();

    @Override
    public Object run(JsonNode arguments) throws Exception {
        Application application = application(arguments.get("application").asText());
        Query query = application.parsing().query(JSON.writeValueAsBytes(arguments.get("body")));
        String profile = query.getRanking().getProfile();
        Map<String, Tensor> inputs = RankProfiles.queryInputs(query);
        Map<String, List<Double>> phases = new TreeMap<>();
        for (JsonNode fields : arguments.get("pages")) {
            Map<String, Tensor> all = new HashMap<>(inputs);
            all.putAll(RankProfiles.attributes(page(application.types(), fields)));
            for (String phase : List.of("firstphase", "secondphase")) {
                if (application.profiles().hasPhase(profile, phase)) {
                    double score = application.profiles().score(profile, phase, all);
                    phases.computeIfAbsent(phase, it -> new ArrayList<>()).add(score);
                }
            }
        }
        return new Scores(phases, application.profiles().properties(profile));
    }

    private Application application(String folder) throws Exception {
        Application known = applications.get(folder);
        if (known == null) {
            PreparedApplication prepared = PreparedApplication.of(new File(folder));
            known = new Application(
                    types(prepared.model()), new QueryParsing(prepared), RankProfiles.of(prepared));
            applications.put(folder, known);
        }
        return known;
    }

    private static DocumentTypeManager types(VespaModel model) {
        DocumentmanagerConfig.Builder types = new DocumentmanagerConfig.Builder();
        model.getConfig(types, "default");
        return new DocumentTypeManager(types.build());
    }

    private static Document page(DocumentTypeManager types, JsonNode fields) throws Exception {
        byte[] put = JSON.writeValueAsBytes(Map.of("fields", fields));
        JsonReader reader =
                new JsonReader(types, new ByteArrayInputStream(put), new JsonFactory());
        String id = "id:pagelens:page::0"; // no part of any score
        return ((DocumentPut) reader
                        .readSingleDocumentStreaming(DocumentOperationType.PUT, id)
                        .operation())
                .getDocument();
    }
}
