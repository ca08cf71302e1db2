package pagelens;

import com.yahoo.component.AbstractComponent;
import com.yahoo.component.ComponentId;
import com.yahoo.component.provider.ComponentRegistry;
import com.yahoo.container.Container;
import com.yahoo.container.core.ApplicationMetadataConfig;
import com.yahoo.container.handler.observability.ApplicationStatusHandler;
import com.yahoo.container.handler.observability.ApplicationUserdataConfig;
import com.yahoo.container.jdisc.JdiscBindingsConfig;
import com.yahoo.jdisc.handler.RequestHandler;
import com.yahoo.vespa.model.VespaModel;

/**
 * What a container says of itself at "/", by Vespa's own handler: which handlers it has, and which
 * paths they answer. The Vespa CLI looks there before it visits.
 */
final class StandInStatus {

    private StandInStatus() {}

    /** @param handlers those it tells of */
    static RequestHandler of(VespaModel model, RequestHandler... handlers) {
        ComponentRegistry<RequestHandler> registry = new ComponentRegistry<>();
        for (RequestHandler it : handlers) {
            registry.register(ComponentId.fromString(it.getClass().getName()), it);
        }
        registry.freeze();
        Container.get().setRequestHandlerRegistry(registry);
        Container.get().setComponentRegistry(new ComponentRegistry<AbstractComponent>());
        JdiscBindingsConfig.Builder bindings = new JdiscBindingsConfig.Builder();
        model.getConfig(bindings, "default");
        return new ApplicationStatusHandler(
                new ApplicationMetadataConfig.Builder().build(),
                new ApplicationUserdataConfig.Builder().build(),
                bindings.build(),
                new ComponentRegistry<>(),
                new ComponentRegistry<>(),
                new ComponentRegistry<>(),
                new ComponentRegistry<>(),
                new ComponentRegistry<>());
    }
}
