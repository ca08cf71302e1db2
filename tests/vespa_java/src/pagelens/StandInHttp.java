package pagelens;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.yahoo.component.provider.ComponentRegistry;
import com.yahoo.jdisc.handler.RequestHandler;
import com.yahoo.jdisc.http.server.jetty.ConnectorFactory;
import com.yahoo.jdisc.http.server.jetty.LoopbackConnectorFactory;
import com.yahoo.jdisc.http.server.jetty.testutils.TestDriver;
import java.util.Map;

/**
 * Vespa's own HTTP server on a port of 127.0.0.1, in front of its request handlers: Jetty as a
 * container sets it up, with HTTP/1.1, HTTP/2 in clear text and gzip both ways.
 */
final class StandInHttp {

    private final TestDriver container;

    /** @param handlers by the paths they answer, such as "/search/*" */
    StandInHttp(Map<String, RequestHandler> handlers) {
        TestDriver.Builder builder = TestDriver.newBuilder().withGuiceModule(new Connectors());
        handlers.forEach((path, it) -> builder.withRequestHandler("http://*" + path, it));
        container = builder.build();
    }

    int port() {
        return container.server().getListenPort();
    }

    private static final class Connectors extends AbstractModule {

        @Provides
        ComponentRegistry<ConnectorFactory> registry() {
            return LoopbackConnectorFactory.registry();
        }
    }
}
