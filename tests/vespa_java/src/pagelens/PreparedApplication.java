package pagelens;

import com.yahoo.component.Version;
import com.yahoo.component.Vtag;
import com.yahoo.config.model.NullConfigModelRegistry;
import com.yahoo.config.model.api.ValidationParameters;
import com.yahoo.config.model.api.ValidationParameters.CheckRouting;
import com.yahoo.config.model.api.ValidationParameters.FailOnIncompatibleChange;
import com.yahoo.config.model.api.ValidationParameters.IgnoreValidationErrors;
import com.yahoo.config.model.application.provider.ApplicationPackageXmlFilesValidator;
import com.yahoo.config.model.application.provider.FilesApplicationPackage;
import com.yahoo.config.model.deploy.DeployState;
import com.yahoo.config.model.deploy.TestProperties;
import com.yahoo.vespa.model.VespaModel;
import com.yahoo.vespa.model.application.validation.Validation;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;

/**
 * An application package after what a config server does on "vespa prepare": XML schema, schemas
 * and rank profiles, the model of every service, then all validators.
 *
 * <p>One thing a config server does is missing: its check of rank features runs a C++ program, so
 * an unknown feature such as bm25(typo) is not found here.
 *
 * @param messages what a deployer would be shown, "LEVEL message" each
 */
record PreparedApplication(VespaModel model, DeployState state, List<String> messages) {

    /** Throws what Vespa throws where it would refuse the package. */
    static PreparedApplication of(File folder) throws Exception {
        List<String> messages = new ArrayList<>();
        FilesApplicationPackage application = FilesApplicationPackage.fromDir(folder, Map.of());
        ApplicationPackageXmlFilesValidator xml =
                ApplicationPackageXmlFilesValidator.create(
                        folder, new Version(Vtag.currentVersion.getMajor()));
        xml.checkApplication();
        xml.checkIncludedDirs(application);
        ValidationParameters strict = new ValidationParameters(
                IgnoreValidationErrors.FALSE, FailOnIncompatibleChange.TRUE, CheckRouting.FALSE);
        DeployState state = new DeployState.Builder()
                .applicationPackage(application)
                .properties(new TestProperties()) // no hosts.xml: one node, as in a container
                .vespaVersion(Vtag.currentVersion)
                .wantedNodeVespaVersion(Vtag.currentVersion)
                .deployLogger((level, message) -> {
                    if (level.intValue() >= Level.INFO.intValue()) {
                        messages.add(level + " " + message);
                    }
                })
                .build(strict);
        VespaModel model = new VespaModel(new NullConfigModelRegistry(), state);
        new Validation().validate(model, strict, state);
        return new PreparedApplication(model, state, messages);
    }
}
