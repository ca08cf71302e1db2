package com.yahoo.document.restapi.resource;

import com.yahoo.cloud.config.ClusterListConfig;
import com.yahoo.document.config.DocumentmanagerConfig;
import com.yahoo.document.restapi.DocumentOperationExecutorConfig;
import com.yahoo.documentapi.DocumentAccess;
import com.yahoo.jdisc.handler.RequestHandler;
import com.yahoo.jdisc.test.MockMetric;
import com.yahoo.metrics.simple.MetricReceiver;
import com.yahoo.vespa.config.content.AllClustersBucketSpacesConfig;
import java.time.Clock;
import java.time.Duration;

/**
 * Makes Vespa's own /document/v1 handler over any document access.
 *
 * <p>In this package because the constructor that takes one is not public.
 */
public final class StandInDocumentHandler {

    private static final Duration TIME_TO_ANSWER = Duration.ofSeconds(1);

    private StandInDocumentHandler() {}

    public static RequestHandler over(
            DocumentAccess access,
            DocumentmanagerConfig types,
            ClusterListConfig clusters,
            AllClustersBucketSpacesConfig spaces) {
        return new DocumentV1ApiHandler(
                Clock.systemUTC(),
                TIME_TO_ANSWER,
                new MockMetric(),
                new MetricReceiver.MockReceiver(),
                access,
                types,
                new DocumentOperationExecutorConfig.Builder().build(),
                clusters,
                spaces);
    }
}
