package candor.cli;

import candor.BadInput;
import candor.io.IoReason;
import candor.ops.BackendDescriptor;
import candor.study.PlainYaml;
import candor.train.config.ConfigFile;
import candor.train.config.Setting;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import candor.world.EmbeddedModel;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The engine's settings as options of a command, and what was given on a command line as settings. */
final class TrainOptions {
    private static final Logger LOG = LoggerFactory.getLogger(TrainOptions.class);
    private static final String CONFIG = "--config";

    private TrainOptions() {}

    /** Adds every setting of a method, under its own name. */
    static void addTo(CommandSpec command, Method method) {
        command.addOption(OptionSpec.builder(CONFIG)
                .paramLabel("FILE.yaml")
                .type(Path.class)
                .description("Settings in YAML, in snake case; a flag wins over the file. With 'runs', a list of what"
                        + " differs, several adapters are trained together.")
                .build());
        TrainSettings.of(method).forEach(setting -> command.addOption(option(setting)));
    }

    private static OptionSpec option(Setting<?> setting) {
        OptionSpec.Builder option = SettingOptions.option(setting);
        return setting == TrainSettings.RESUME
                ? option.arity("0..1").fallbackValue("true").build()
                : option.build();
    }

    /**
     * Runs as a command line asks for them.
     *
     * @param folders whether they have folders; else {@link TrainConfig#output} is a name alone
     */
    record Planned(List<TrainConfig> configs, boolean folders) {}

    /** The runs that a command line asks for. */
    static List<TrainConfig> configs(ParseResult parsed, Method method) {
        Given given = given(parsed, method);
        return TrainConfig.all(method, given.file, given.flags, given.fallbacks);
    }

    /**
     * The same for a plan, which writes nothing and so needs no folder.
     *
     * @param deviceMemory of a GPU that need not be there, or null
     */
    static Planned toPlan(ParseResult parsed, Method method, String deviceMemory) {
        Given given = given(parsed, method);
        boolean folders = given.names(TrainSettings.OUTPUT);
        Settings flags = folders
                ? given.flags
                : given.flags.with(TrainSettings.OUTPUT, method.name().toLowerCase(Locale.ROOT));
        List<TrainConfig> configs = TrainConfig.all(method, given.file, flags, given.fallbacks);
        Optional<BackendDescriptor> asked = configs.getFirst().machine().asked();
        Optional<BackendDescriptor> backend = DeviceMemory.backend(deviceMemory, asked);
        return new Planned(
                backend.equals(asked)
                        ? configs
                        : TrainConfig.all(
                                method,
                                given.file,
                                flags.with(
                                        TrainSettings.BACKEND,
                                        backend.orElseThrow().name()),
                                given.fallbacks),
                folders);
    }

    /** @param fallbacks what holds where neither was anything given nor does the record of a resumed run say it */
    private record Given(ConfigFile file, Settings flags, Settings fallbacks) {
        boolean names(Setting<?> setting) {
            return flags.has(setting)
                    || file.common().has(setting)
                    || file.runs().stream().anyMatch(run -> run.has(setting));
        }
    }

    private static Given given(ParseResult parsed, Method method) {
        Settings flags = SettingOptions.given(parsed, TrainSettings.of(method));
        Path file = parsed.matchedOptionValue(CONFIG, null);
        ConfigFile config = file == null
                ? new ConfigFile(Settings.NONE, List.of())
                : HubNames.resolve(read(file, method), parsed.commandSpec());
        Given given = new Given(config, flags, Settings.NONE);
        return given.names(TrainSettings.MODEL) || method == Method.FULL
                ? given
                : new Given(
                        config,
                        flags,
                        Settings.NONE.with(
                                TrainSettings.MODEL, EmbeddedModel.folder().toString()));
    }

    private static ConfigFile read(Path file, Method method) {
        try (JsonParser parser = new PlainYaml(file.toString(), new YAMLFactory().createParser(file.toFile()))) {
            return ConfigFile.read(parser, file.toString(), method, LOG::info);
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw new BadInput(file + ": there is no such file; --config expects a YAML file", e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }
}
