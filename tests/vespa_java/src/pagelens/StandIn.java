package pagelens;

import com.fasterxml.jackson.databind.JsonNode;
import com.yahoo.cloud.config.ClusterListConfig;
import com.yahoo.document.config.DocumentmanagerConfig;
import com.yahoo.document.restapi.resource.StandInDocumentHandler;
import com.yahoo.jdisc.handler.RequestHandler;
import com.yahoo.vespa.config.content.AllClustersBucketSpacesConfig;
import com.yahoo.vespa.model.VespaModel;
import java.io.File;
import java.util.Map;

/**
 * A stand-in for a Vespa server, made of Vespa's own parts, for an application package.
 *
 * <p>Vespa's: reading and checking of every request, the document model, field sets, selections and
 * buckets of /document/v1, query parsing and typing, rank expressions, what answers look like, and
 * the HTTP server.
 * Ours: where documents are kept ({@link StandInDocuments}), which of them match ({@link
 * StandInMatching}) and the order and cut of the two phases ({@link StandInRanking}). Nothing of
 * Vespa's C++ engine is here: no bm25, no HNSW graph, no time-outs, no disk.
 */
final class StandIn {

    private StandInHttp http;
    private StandInDocuments documents;

    /** {"application": folder}; answers {"port": number}, of 127.0.0.1. */
    Object serve(JsonNode arguments) throws Exception {
        if (http != null) {
            throw new IllegalStateException("It is serving already, on port " + http.port());
        }
        PreparedApplication application =
                PreparedApplication.of(new File(arguments.get("application").asText()));
        VespaModel model = application.model();
        DocumentmanagerConfig.Builder types = new DocumentmanagerConfig.Builder();
        model.getConfig(types, "default");
        ClusterListConfig.Builder clusters = new ClusterListConfig.Builder();
        model.getConfig(clusters, "default");
        AllClustersBucketSpacesConfig.Builder spaces = new AllClustersBucketSpacesConfig.Builder();
        model.getConfig(spaces, "default");
        documents = new StandInDocuments(types.build(), StandInFields.attributeNames(model));
        RequestHandler documentApi = StandInDocumentHandler.over(
                documents, types.build(), clusters.build(), spaces.build());
        RequestHandler search = StandInSearch.handler(application, documents);
        http = new StandInHttp(Map.of(
                "/", StandInStatus.of(model, documentApi, search),
                "/document/v1/*", documentApi,
                "/search/*", search));
        return Map.of("port", http.port());
    }

    /** Forgets every document. */
    Object clear(JsonNode arguments) {
        documents.clear();
        return Map.of();
    }
}
