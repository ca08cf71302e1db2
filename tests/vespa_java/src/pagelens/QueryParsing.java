package pagelens;

import ai.vespa.opennlp.OpenNlpConfig;
import com.yahoo.component.ComponentId;
import com.yahoo.component.chain.Chain;
import com.yahoo.component.chain.Phase;
import com.yahoo.container.QrSearchersConfig;
import com.yahoo.container.core.ChainsConfig;
import com.yahoo.container.jdisc.HttpRequest;
import com.yahoo.document.config.DocumentmanagerConfig;
import com.yahoo.language.Linguistics;
import com.yahoo.language.provider.DefaultLinguisticsProvider;
import com.yahoo.metrics.simple.MetricReceiver;
import com.yahoo.prelude.IndexFacts;
import com.yahoo.prelude.IndexModel;
import com.yahoo.prelude.querytransform.CJKSearcher;
import com.yahoo.prelude.querytransform.LiteralBoostSearcher;
import com.yahoo.prelude.querytransform.NormalizingSearcher;
import com.yahoo.prelude.querytransform.RecallSearcher;
import com.yahoo.prelude.querytransform.StemmingSearcher;
import com.yahoo.prelude.searcher.PosSearcher;
import com.yahoo.prelude.searcher.ValidatePredicateSearcher;
import com.yahoo.prelude.searcher.ValidateSortingSearcher;
import com.yahoo.search.Query;
import com.yahoo.search.Result;
import com.yahoo.search.Searcher;
import com.yahoo.search.config.ClusterConfig;
import com.yahoo.search.config.IndexInfoConfig;
import com.yahoo.search.config.SchemaInfoConfig;
import com.yahoo.search.grouping.GroupingQueryParser;
import com.yahoo.search.grouping.GroupingValidator;
import com.yahoo.search.handler.RequestBody;
import com.yahoo.search.query.profile.compiled.CompiledQueryProfile;
import com.yahoo.search.querytransform.BooleanSearcher;
import com.yahoo.search.querytransform.DefaultPositionSearcher;
import com.yahoo.search.querytransform.LowercasingConfig;
import com.yahoo.search.querytransform.NGramSearcher;
import com.yahoo.search.querytransform.RangeQueryOptimizer;
import com.yahoo.search.querytransform.SortingDegrader;
import com.yahoo.search.querytransform.VespaLowercasingSearcher;
import com.yahoo.search.querytransform.WandSearcher;
import com.yahoo.search.querytransform.WeakAndReplacementSearcher;
import com.yahoo.search.schema.SchemaInfo;
import com.yahoo.search.searchchain.Execution;
import com.yahoo.search.searchers.InputCheckingSearcher;
import com.yahoo.search.searchers.OpportunisticWeakAndSearcher;
import com.yahoo.search.searchers.QueryValidator;
import com.yahoo.search.searchers.ValidateFuzzySearcher;
import com.yahoo.search.searchers.ValidateMatchPhaseSearcher;
import com.yahoo.search.searchers.ValidateNearestNeighborSearcher;
import com.yahoo.search.searchers.ValidateSameElementSearcher;
import com.yahoo.search.yql.FieldFilter;
import com.yahoo.search.yql.MinimalQueryInserter;
import com.yahoo.vespa.config.search.AttributesConfig;
import com.yahoo.vespa.model.VespaModel;
import com.yahoo.vespa.model.container.search.ContainerSearch;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a Vespa container does with a search before its content nodes see it: reading the request,
 * typing its parameters, and the searchers of the default chain that check or rewrite the query.
 *
 * <p>The order of the searchers is Vespa's own: each says which come before it.
 */
final class QueryParsing {

    private static final String CLUSTER = "pages";

    /** What Vespa's chains hold besides: it sends queries, fills in answers or counts. */
    private static final Set<String> LEFT_OUT = Set.of(
            "BlendingSearcher",
            "ClusterSearcher",
            "ContainerLatencySearcher",
            "FieldCollapsingSearcher",
            "FieldFiller",
            "GroupingExecutor",
            "JuniperSearcher",
            "PhrasingSearcher", // for lists of phrases, which the application has none of
            "SemanticSearcher", // for rules, likewise
            "SignificanceSearcher", // for models of word frequencies, likewise
            "StatisticsSearcher",
            "federation");

    private final SchemaInfo schemas;
    private final IndexFacts indexes;
    private final CompiledQueryProfile profile;
    private final List<Searcher> searchers;
    private final List<Phase> phases;
    private final Linguistics linguistics = linguistics();

    QueryParsing(PreparedApplication application) {
        VespaModel model = application.model();
        ContainerSearch search = model.getContainerClusters().get("default").getSearch();
        SchemaInfoConfig.Builder info = new SchemaInfoConfig.Builder();
        search.getConfig(info);
        QrSearchersConfig.Builder clusters = new QrSearchersConfig.Builder();
        search.getConfig(clusters);
        IndexInfoConfig.Builder fields = new IndexInfoConfig.Builder();
        search.getConfig(fields);
        schemas = new SchemaInfo(info.build(), clusters.build());
        indexes = new IndexFacts(new IndexModel(fields.build(), clusters.build()));
        profile = application.state().getQueryProfiles().getRegistry().compile()
                .findQueryProfile("default");
        searchers = searchers(model);
        ChainsConfig.Builder chains = new ChainsConfig.Builder();
        search.getChains().getConfig(chains);
        checkNoneIsMissing(chains.build());
        phases = phases(chains.build());
    }

    /** What cuts texts into words where services.xml names nothing else. */
    static Linguistics linguistics() {
        return new DefaultLinguisticsProvider(new OpenNlpConfig.Builder().build()).get();
    }

    /**
     * Reads a request as POST /search/ does.
     *
     * @param body JSON
     * @throws IllegalArgumentException what the server would answer with 400
     */
    Query query(byte[] body) {
        return new Query.Builder()
                .setRequest(HttpRequest.createTestRequest(
                        "/search/", com.yahoo.jdisc.http.HttpRequest.Method.POST))
                .setRequestMap(RequestBody.parameters(new ByteArrayInputStream(body)))
                .setSchemaInfo(schemas)
                .setQueryProfile(profile)
                .build();
    }

    /**
     * Sends a query through the chain.
     *
     * @param engine what takes the place of the content nodes: it sees the query as they would
     * @return the engine's result, or one with the error of the searcher that refused the query
     */
    Result search(Query query, Searcher engine) {
        Execution.Context context =
                Execution.Context.createContextStub(null, indexes, schemas, linguistics);
        return new Execution(chain(List.of(engine)), context).search(query);
    }

    /** The chain with others that belong into it; each goes where it says. */
    Chain<Searcher> chain(List<Searcher> others) {
        List<Searcher> all = new ArrayList<>(searchers);
        all.addAll(others);
        return new Chain<>(ComponentId.fromString("default"), all, phases);
    }

    private List<Searcher> searchers(VespaModel model) {
        AttributesConfig.Builder attributes = new AttributesConfig.Builder();
        model.getSearchClusters().forEach(cluster -> cluster.getDocumentDbs()
                .forEach(database -> database.getConfig(attributes)));
        AttributesConfig types = attributes.build();
        ClusterConfig cluster = new ClusterConfig.Builder().clusterName(CLUSTER).build();
        DocumentmanagerConfig.Builder documents = new DocumentmanagerConfig.Builder();
        model.getConfig(documents, "default");
        return List.of(
                new MinimalQueryInserter(linguistics),
                new FieldFilter(),
                new PosSearcher(),
                new GroupingQueryParser(),
                new GroupingValidator(cluster, types),
                new WeakAndReplacementSearcher(),
                new OpportunisticWeakAndSearcher(),
                new CJKSearcher(),
                new NGramSearcher(linguistics),
                new LiteralBoostSearcher(),
                new NormalizingSearcher(linguistics),
                new StemmingSearcher(linguistics),
                new VespaLowercasingSearcher(new LowercasingConfig.Builder().build()),
                new DefaultPositionSearcher(documents.build()),
                new RangeQueryOptimizer(),
                new SortingDegrader(),
                new QueryValidator(),
                new RecallSearcher(),
                new WandSearcher(),
                new BooleanSearcher(),
                new ValidatePredicateSearcher(),
                new ValidateSortingSearcher(cluster, types),
                new ValidateNearestNeighborSearcher(types),
                new ValidateMatchPhaseSearcher(types),
                new ValidateFuzzySearcher(),
                new ValidateSameElementSearcher(),
                new InputCheckingSearcher(MetricReceiver.nullImplementation));
    }

    private void checkNoneIsMissing(ChainsConfig chains) {
        Set<String> missing = new HashSet<>();
        for (ChainsConfig.Components component : chains.components()) {
            String className = component.id().replaceAll("@.*", ""); // what follows is its chain
            missing.add(className.substring(className.lastIndexOf('.') + 1));
        }
        missing.removeAll(LEFT_OUT);
        searchers.forEach(it -> missing.remove(it.getClass().getSimpleName()));
        if (!missing.isEmpty()) {
            throw new IllegalStateException("Vespa's chain has searchers unknown here: " + missing);
        }
    }

    private static List<Phase> phases(ChainsConfig chains) {
        return chains.chains().stream()
                .flatMap(chain -> chain.phases().stream())
                .map(it -> new Phase(
                        it.id(), new HashSet<>(it.before()), new HashSet<>(it.after())))
                .toList();
    }
}
