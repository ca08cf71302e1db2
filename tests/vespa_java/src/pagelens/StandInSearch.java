package pagelens;

import ai.vespa.cloud.ZoneInfo;
import com.yahoo.component.ComponentId;
import com.yahoo.component.provider.ComponentRegistry;
import com.yahoo.container.QrSearchersConfig;
import com.yahoo.container.core.ChainsConfig;
import com.yahoo.container.core.ContainerHttpConfig;
import com.yahoo.jdisc.handler.RequestHandler;
import com.yahoo.jdisc.test.MockMetric;
import com.yahoo.language.Linguistics;
import com.yahoo.search.config.IndexInfoConfig;
import com.yahoo.search.config.SchemaInfoConfig;
import com.yahoo.search.grouping.vespa.GroupingExecutor;
import com.yahoo.search.handler.SearchHandler;
import com.yahoo.search.schema.Schema;
import com.yahoo.search.schema.SchemaInfo;
import com.yahoo.search.searchchain.ExecutionFactory;
import com.yahoo.search.searchchain.SearchChainRegistry;
import com.yahoo.vespa.config.search.SummaryConfig;
import com.yahoo.vespa.configdefinition.SpecialtokensConfig;
import com.yahoo.vespa.model.search.DocumentDatabase;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Vespa's own /search/ handler and the searchers of its default chain that see a query before its
 * content nodes do, over {@link StandInSearcher} in place of these.
 */
final class StandInSearch {

    private StandInSearch() {}

    static RequestHandler handler(PreparedApplication application, StandInDocuments documents) {
        var search = application.model().getContainerClusters().get("default").getSearch();
        SchemaInfoConfig.Builder info = new SchemaInfoConfig.Builder();
        search.getConfig(info);
        QrSearchersConfig.Builder clusters = new QrSearchersConfig.Builder();
        search.getConfig(clusters);
        IndexInfoConfig.Builder indexes = new IndexInfoConfig.Builder();
        search.getConfig(indexes);
        SchemaInfo schemas = new SchemaInfo(info.build(), clusters.build());
        Linguistics linguistics = QueryParsing.linguistics();

        RankProfiles profiles = RankProfiles.of(application);
        Map<String, StandInSearcher.Searched> searched = new HashMap<>();
        for (DocumentDatabase database : StandInFields.databases(application.model())) {
            Schema schema = schemas.schemas().get(database.getSchemaName());
            StandInFields fields = StandInFields.of(database, linguistics);
            StandInRanking ranking = new StandInRanking(profiles, schema, fields);
            searched.put(
                    schema.name(),
                    new StandInSearcher.Searched(fields, ranking, summaries(database)));
        }
        ExecutorService threads = Executors.newCachedThreadPool();
        SearchChainRegistry chains = new SearchChainRegistry();
        chains.register(new QueryParsing(application).chain(List.of(
                new GroupingExecutor(new ComponentId(GroupingExecutor.COMPONENT_NAME)),
                new StandInSearcher("pages", documents, searched))));
        ExecutionFactory executions = new ExecutionFactory(
                new ChainsConfig.Builder().build(),
                indexes.build(),
                schemas,
                clusters.build(),
                new ComponentRegistry<>(),
                new SpecialtokensConfig.Builder().build(),
                linguistics,
                new ComponentRegistry<>(),
                threads) {
            @Override
            public SearchChainRegistry searchChainRegistry() {
                return chains; // of searchers made here, where Vespa injects what they need
            }
        };
        return new SearchHandler(
                new MockMetric(),
                () -> threads,
                application.state().getQueryProfiles().getRegistry().compile(),
                new ContainerHttpConfig.Builder().warmup(false).build(),
                new ComponentRegistry<>(),
                executions,
                ZoneInfo.defaultInfo());
    }

    private static Map<String, Set<String>> summaries(DocumentDatabase database) {
        SummaryConfig.Builder config = new SummaryConfig.Builder();
        database.getConfig(config);
        Map<String, Set<String>> summaries = new HashMap<>();
        config.build().classes().forEach(it -> {
            Set<String> fields = new HashSet<>();
            it.fields().forEach(field -> fields.add(field.name()));
            summaries.put(it.name(), fields);
        });
        return summaries;
    }
}
