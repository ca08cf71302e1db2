package pagelens;

import com.fasterxml.jackson.databind.JsonNode;
import com.yahoo.config.model.api.ConfigChangeAction;
import com.yahoo.search.config.SchemaInfoConfig;
import com.yahoo.vespa.config.search.RankProfilesConfig;
import com.yahoo.vespa.config.search.SummaryConfig;
import com.yahoo.vespa.configdefinition.IlscriptsConfig;
import com.yahoo.vespa.model.VespaModel;
import com.yahoo.vespa.model.search.DocumentDatabase;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** "vespa prepare": what Vespa says of an application package, and what it makes of the schemas. */
final class Prepare implements Command {

    /**
     * @param messages what a deployer would be shown, "LEVEL message" each
     * @param actions what the change from the package deployed before asks for
     * @param nodes which machine holds which share of the documents: host by distribution key
     * @param groups the distribution keys of each group; none where there is one group alone
     * @param regions of production in Vespa Cloud
     * @param schemas what Vespa derived for its engine from each schema
     * @param totalRerankCounts pages phase 2 scores in each rank profile of schema page: the query
     *     container divides them over the nodes, the engine never sees them
     */
    record Prepared(
            List<String> messages,
            List<Action> actions,
            Map<Integer, String> nodes,
            List<List<Integer>> groups,
            List<String> regions,
            Map<String, Derived> schemas,
            Map<String, Integer> totalRerankCounts) {}

    /**
     * @param kind "restart", "refeed" or "reindex"
     * @param services which it is about
     */
    record Action(String kind, List<Service> services, String message) {}

    /** One process of Vespa, such as a "searchnode". */
    record Service(String type, String host) {}

    /**
     * @param indexing what happens to each field of a document that is put, in Vespa's indexing
     *     language
     * @param summaries the fields of each document-summary
     * @param rankProfiles the properties of each rank profile
     */
    record Derived(
            List<String> indexing,
            Map<String, List<String>> summaries,
            Map<String, Map<String, String>> rankProfiles) {}

    @Override
    public Object run(JsonNode arguments) throws Exception {
        PreparedApplication application = prepared(arguments);
        Map<String, Derived> schemas = new TreeMap<>();
        application.model().getSearchClusters().forEach(cluster -> cluster.getDocumentDbs()
                .forEach(database -> schemas.put(database.getSchemaName(), derived(database))));
        Map<Integer, String> nodes = new TreeMap<>();
        application.model().getContentClusters().forEach((name, cluster) -> cluster.getSearch()
                .getSearchNodes()
                .forEach(node -> nodes.put(node.getDistributionKey(), node.getHostName())));
        List<List<Integer>> groups = new ArrayList<>();
        application.model().getContentClusters().forEach((name, cluster) -> cluster.getRootGroup()
                .getSubgroups()
                .forEach(group -> groups.add(group.getNodes().stream()
                        .map(node -> node.getDistributionKey())
                        .toList())));
        List<String> regions = application.state().getApplicationPackage().getDeploymentSpec()
                .instances().stream()
                .flatMap(instance -> instance.zones().stream())
                .flatMap(zone -> zone.region().stream())
                .map(region -> region.value())
                .toList();
        List<Action> actions = application.actions().stream()
                .map(Prepare::action)
                .toList();
        return new Prepared(
                application.messages(),
                actions,
                nodes,
                groups,
                regions,
                schemas,
                totalRerankCounts(application.model()));
    }

    private static Action action(ConfigChangeAction action) {
        List<Service> services = action.getServices().stream()
                .map(it -> new Service(it.getServiceType(), it.getHostName()))
                .toList();
        return new Action(action.getType().toString(), services, action.getMessage());
    }

    private static PreparedApplication prepared(JsonNode arguments) throws Exception {
        File folder = new File(arguments.get("application").asText());
        if (arguments.has("cloud")) {
            return PreparedApplication.inCloud(folder, arguments.get("cloud").asText());
        }
        if (arguments.has("previous")) {
            File previous = new File(arguments.get("previous").asText());
            return PreparedApplication.after(PreparedApplication.of(previous), folder);
        }
        return PreparedApplication.of(folder);
    }

    private static Map<String, Integer> totalRerankCounts(VespaModel model) {
        SchemaInfoConfig.Builder info = new SchemaInfoConfig.Builder();
        model.getContainerClusters().get("default").getSearch().getConfig(info);
        Map<String, Integer> counts = new TreeMap<>();
        for (SchemaInfoConfig.Schema schema : info.build().schema()) {
            if (schema.name().equals("page")) {
                schema.rankprofile().forEach(it -> counts.put(it.name(), it.totalRerankCount()));
            }
        }
        return counts;
    }

    private static Derived derived(DocumentDatabase database) {
        IlscriptsConfig.Builder indexing = new IlscriptsConfig.Builder();
        database.getConfig(indexing);
        List<String> statements = new ArrayList<>();
        indexing.build().ilscript().forEach(script -> statements.addAll(script.content()));
        SummaryConfig.Builder summaries = new SummaryConfig.Builder();
        database.getConfig(summaries);
        Map<String, List<String>> fields = new TreeMap<>();
        for (SummaryConfig.Classes it : summaries.build().classes()) {
            List<String> names = it.fields().stream().map(field -> field.name()).toList();
            fields.put(it.name(), names);
        }
        RankProfilesConfig.Builder profiles = new RankProfilesConfig.Builder();
        database.getConfig(profiles);
        Map<String, Map<String, String>> properties = new TreeMap<>();
        for (RankProfilesConfig.Rankprofile it : profiles.build().rankprofile()) {
            Map<String, String> values = new TreeMap<>();
            it.fef().property().forEach(property -> values.put(property.name(), property.value()));
            properties.put(it.name(), values);
        }
        return new Derived(statements, fields, properties);
    }
}
