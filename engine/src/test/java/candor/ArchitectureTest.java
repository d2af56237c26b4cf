package candor;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.conditions.ArchConditions.accessField;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.Backends;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The map of ARCHITECTURE.md, held against the code. */
class ArchitectureTest {
    /** Whatever lies where this test does is a test, too. */
    private static final ImportOption NO_TESTS = location -> !location.contains(ArchitectureTest.class
            .getProtectionDomain()
            .getCodeSource()
            .getLocation()
            .getPath());

    private static final JavaClasses ENGINE =
            new ClassFileImporter().withImportOption(NO_TESTS).importPackages("candor");

    /** A layer of the map: the packages in it, and the layers that it may know. */
    private record Layer(String name, List<String> packages, String... knows) {}

    /**
     * A new package needs a line here: classes outside every layer fail the test. The package {@code candor} itself
     * ({@link BadInput}) is anyone's.
     */
    private static final List<Layer> LAYERS = List.of(
            new Layer("bindings", List.of("candor.bindings..")),
            new Layer("io", List.of("candor.io..")),
            new Layer("comm", List.of("candor.comm")),
            new Layer("comm.mpi", List.of("candor.comm.mpi.."), "comm", "bindings"),
            new Layer("tensor", List.of("candor.tensor..")),
            new Layer("ops", List.of("candor.ops", "candor.ops.op", "candor.ops.weight"), "tensor"),
            new Layer("ops.cpu", List.of("candor.ops.cpu.."), "tensor", "ops", "bindings"),
            new Layer("ops.cuda", List.of("candor.ops.cuda.."), "tensor", "ops", "bindings"),
            new Layer("check", List.of("candor.check.."), "tensor", "ops"),
            new Layer("model", List.of("candor.model.."), "io", "comm", "tensor", "ops"),
            new Layer("lora", List.of("candor.lora.."), "io", "tensor", "ops", "model"),
            new Layer("text", List.of("candor.text.."), "io"),
            new Layer("data", List.of("candor.data.."), "io", "ops", "text"),
            new Layer("probe", List.of("candor.probe.."), "io", "tensor", "ops", "model", "text", "data"),
            new Layer(
                    "train",
                    List.of("candor.train.."),
                    "io",
                    "comm",
                    "tensor",
                    "ops",
                    "model",
                    "lora",
                    "text",
                    "data",
                    "probe"),
            new Layer(
                    "foresee",
                    List.of("candor.foresee.."),
                    "io",
                    "tensor",
                    "ops",
                    "model",
                    "lora",
                    "text",
                    "data",
                    "probe",
                    "train",
                    "generate"),
            new Layer(
                    "generate",
                    List.of("candor.generate.."),
                    "io",
                    "comm",
                    "tensor",
                    "ops",
                    "model",
                    "lora",
                    "text",
                    "data",
                    "probe"),
            new Layer("merge", List.of("candor.merge.."), "io", "tensor", "ops", "model", "lora", "text"),
            new Layer("export", List.of("candor.export.."), "io", "tensor", "ops", "model", "lora", "text", "merge"),
            // The short way in for programs of others: nothing of the engine's own knows it.
            new Layer(
                    "api",
                    List.of("candor.api"),
                    "io",
                    "ops",
                    "model",
                    "lora",
                    "text",
                    "data",
                    "probe",
                    "train",
                    "generate"));

    @Test
    void packagesDependOneWay() {
        LayeredArchitecture map = layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .ensureAllClassesAreContainedInArchitectureIgnoring("candor")
                // The one place that knows every backend by name.
                .ignoreDependency(assignableTo(Backends.class), nameMatching("candor\\.ops\\.(cpu|cuda)\\..*"));
        for (Layer layer : LAYERS) {
            map = map.layer(layer.name()).definedBy(layer.packages().toArray(String[]::new));
        }
        for (Layer layer : LAYERS) {
            var rule = map.whereLayer(layer.name());
            map = layer.knows().length == 0 ? rule.mayNotAccessAnyLayer() : rule.mayOnlyAccessLayers(layer.knows());
        }
        map.check(ENGINE);
    }

    /** Ending the process and talking to the terminal are the command line's; an engine throws, returns, or logs. */
    @Test
    void theEngineNeitherEndsTheProcessNorPrints() {
        noClasses()
                .that()
                .resideOutsideOfPackage(
                        "candor.bindings.generated..") // jextract's tracing of calls, where that is asked for
                .should(callMethodWhere(target(nameMatching("exit|halt"))
                        .and(target(owner(assignableTo(System.class).or(assignableTo(Runtime.class)))))))
                .orShould(callMethodWhere(
                        target(name("printStackTrace")).and(target(owner(assignableTo(Throwable.class))))))
                .orShould(accessField(System.class, "out"))
                .orShould(accessField(System.class, "err"))
                .check(ENGINE);
    }

    /**
     * Flags are the command line's: advice names a setting, as in "lower {max_length}". The table of settings says what their
     * flags are, a model card names a command that its reader can run, and who started several processes is told srun's own flags.
     */
    @Test
    void onlyWhoHasSettingsNamesFlags() throws IOException {
        Path sources = Path.of("..", "engine", "src", "main", "java", "candor");
        Pattern flag = Pattern.compile("\"[^\"\\n]*--[a-z][^\"\\n]*\"");
        List<String> named = new ArrayList<>();
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".java"))
                    .filter(each -> !each.startsWith(sources.resolve("train/config")))
                    .filter(each -> !each.endsWith("ModelCard.java") && !each.endsWith("Launch.java"))
                    .toList()) {
                flag.matcher(Files.readString(file)).results().forEach(found -> named.add(file + ": " + found.group()));
            }
        }
        assertThat(named).isEmpty();
    }

    @Test
    void sumsComeFromOnePlace() {
        noClasses()
                .that()
                .resideOutsideOfPackage("candor.io")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(MessageDigest.class)
                .check(ENGINE);
    }

    @Test
    void everyPackageExplainsItself() throws IOException {
        for (String module : List.of("bindings", "engine", "bench", "cli")) {
            Path sources = Path.of("..", module, "src", "main", "java");
            assertThat(packages(sources)).as(module).isNotEmpty().allMatch(folder -> {
                return Files.isRegularFile(folder.resolve("package-info.java"));
            });
        }
    }

    /** The folders that hold Java files. */
    private static List<Path> packages(Path sources) throws IOException {
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .map(Path::getParent)
                    .distinct()
                    .toList();
        }
    }
}
