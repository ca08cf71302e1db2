package com.yahoo.jdisc.http.server.jetty;

import com.yahoo.component.ComponentId;
import com.yahoo.component.provider.ComponentRegistry;
import com.yahoo.jdisc.Metric;
import com.yahoo.jdisc.http.ConnectorConfig;
import org.eclipse.jetty.server.Server;

/**
 * Vespa's connector, with its defaults, on a port the system chose: of 127.0.0.1 alone, where
 * Vespa's own listens to every network the machine is in.
 *
 * <p>In this package because what makes a connector is not public.
 */
public final class LoopbackConnectorFactory extends ConnectorFactory {

    private LoopbackConnectorFactory() {
        super(new ConnectorConfig.Builder().listenPort(0).build(), (ssl, name, port) -> {});
    }

    public static ComponentRegistry<ConnectorFactory> registry() {
        ComponentRegistry<ConnectorFactory> registry = new ComponentRegistry<>();
        registry.register(ComponentId.fromString("loopback"), new LoopbackConnectorFactory());
        registry.freeze();
        return registry;
    }

    @Override
    JDiscServerConnector createConnector(Metric metric, Server server) {
        JDiscServerConnector connector = super.createConnector(metric, server);
        connector.setHost("127.0.0.1");
        return connector;
    }
}
