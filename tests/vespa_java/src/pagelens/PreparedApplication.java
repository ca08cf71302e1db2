package pagelens;

import com.yahoo.component.Version;
import com.yahoo.component.Vtag;
import com.yahoo.config.model.NullConfigModelRegistry;
import com.yahoo.config.model.api.ApplicationClusterEndpoint.Scope;
import com.yahoo.config.model.api.ConfigChangeAction;
import com.yahoo.config.model.api.ContainerEndpoint;
import com.yahoo.config.model.api.EndpointCertificateSecrets;
import com.yahoo.config.model.api.ValidationParameters;
import com.yahoo.config.model.api.ValidationParameters.CheckRouting;
import com.yahoo.config.model.api.ValidationParameters.FailOnIncompatibleChange;
import com.yahoo.config.model.api.ValidationParameters.IgnoreValidationErrors;
import com.yahoo.config.model.application.provider.ApplicationPackageXmlFilesValidator;
import com.yahoo.config.model.application.provider.FilesApplicationPackage;
import com.yahoo.config.model.deploy.DeployState;
import com.yahoo.config.model.deploy.TestProperties;
import com.yahoo.config.model.provision.InMemoryProvisioner;
import com.yahoo.config.provision.Environment;
import com.yahoo.config.provision.RegionName;
import com.yahoo.config.provision.SystemName;
import com.yahoo.config.provision.Zone;
import com.yahoo.vespa.model.VespaModel;
import com.yahoo.vespa.model.application.validation.Validation;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;

/**
 * An application package after what a config server does on "vespa prepare": XML schema, schemas
 * and rank profiles, the model of every service, then all validators.
 *
 * <p>One thing a config server does is missing: its check of rank features runs a C++ program, so
 * an unknown feature such as bm25(typo) is not found here.
 *
 * @param messages what a deployer would be shown, "LEVEL message" each
 * @param actions what the change from another package asks for; empty where there is no other
 */
record PreparedApplication(
        VespaModel model,
        DeployState state,
        List<String> messages,
        List<ConfigChangeAction> actions) {

    private static final int CLOUD_NODES = 20; // more than any test asks for

    /** As a Vespa of one's own takes it. Throws what Vespa throws where it would refuse it. */
    static PreparedApplication of(File folder) throws Exception {
        return of(folder, new TestProperties(), new DeployState.Builder());
    }

    /** The same, for a server on which another package is deployed. */
    static PreparedApplication after(PreparedApplication previous, File folder) throws Exception {
        return of(
                folder,
                new TestProperties(),
                new DeployState.Builder().previousModel(previous.model()));
    }

    /** As Vespa Cloud takes it on its first deployment to a zone, "dev" or "prod". */
    static PreparedApplication inCloud(File folder, String environment) throws Exception {
        Environment where = Environment.from(environment);
        TestProperties properties = new TestProperties()
                .setHostedVespa(true)
                .setMultitenant(true)
                .setFirstTimeDeployment(true)
                .setEndpointCertificateSecrets(
                        Optional.of(new EndpointCertificateSecrets("certificate", "key")));
        Zone zone = new Zone(SystemName.Public, where, RegionName.from("aws-us-east-1c"));
        return of(
                folder,
                properties,
                new DeployState.Builder()
                        .zone(zone)
                        .endpoints(Set.of(new ContainerEndpoint(
                                "default", Scope.zone, List.of("pagelens.example"))))
                        .modelHostProvisioner(new InMemoryProvisioner(CLOUD_NODES, false)));
    }

    private static PreparedApplication of(
            File folder, TestProperties properties, DeployState.Builder builder) throws Exception {
        List<String> messages = new ArrayList<>();
        FilesApplicationPackage application = FilesApplicationPackage.fromDir(folder, Map.of());
        ApplicationPackageXmlFilesValidator xml =
                ApplicationPackageXmlFilesValidator.create(
                        folder, new Version(Vtag.currentVersion.getMajor()));
        xml.checkApplication();
        xml.checkIncludedDirs(application);
        ValidationParameters strict = new ValidationParameters(
                IgnoreValidationErrors.FALSE, FailOnIncompatibleChange.TRUE, CheckRouting.FALSE);
        DeployState state = builder
                .applicationPackage(application)
                .properties(properties)
                .vespaVersion(Vtag.currentVersion)
                .wantedNodeVespaVersion(Vtag.currentVersion)
                .deployLogger((level, message) -> {
                    if (level.intValue() >= Level.INFO.intValue()) {
                        messages.add(level + " " + message);
                    }
                })
                .build(strict);
        VespaModel model = new VespaModel(new NullConfigModelRegistry(), state);
        List<ConfigChangeAction> actions = new Validation().validate(model, strict, state);
        return new PreparedApplication(model, state, messages, actions);
    }
}
