package candor;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.Backends;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The map of ARCHITECTURE.md, held against the code. */
class ArchitectureTest {
    private static final JavaClasses ENGINE =
            new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("candor");

    /**
     * Who may know whom. A new package needs a line here: classes outside every layer fail the test. The package
     * {@code candor} itself ({@link BadInput}) is anyone's.
     */
    @Test
    void packagesDependOneWay() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .layer("bindings").definedBy("candor.bindings..")
                .layer("tensor").definedBy("candor.tensor..")
                .layer("ops").definedBy("candor.ops")
                .layer("ops.cpu").definedBy("candor.ops.cpu..")
                .layer("ops.cuda").definedBy("candor.ops.cuda..")
                .layer("check").definedBy("candor.check..")
                .layer("model").definedBy("candor.model..", "candor.lora..")
                .layer("text").definedBy("candor.text..")
                .layer("data").definedBy("candor.data..")
                .layer("train").definedBy("candor.train..")
                .layer("generate").definedBy("candor.generate..")
                .ensureAllClassesAreContainedInArchitectureIgnoring("candor")
                .whereLayer("bindings").mayNotAccessAnyLayer()
                .whereLayer("tensor").mayNotAccessAnyLayer()
                .whereLayer("ops").mayOnlyAccessLayers("tensor")
                .whereLayer("ops.cpu").mayOnlyAccessLayers("tensor", "ops")
                .whereLayer("ops.cuda").mayOnlyAccessLayers("tensor", "ops", "bindings")
                .whereLayer("check").mayOnlyAccessLayers("tensor", "ops")
                // One layer: a decoder asks its bank of adapters, and an adapter has the shapes of its model.
                .whereLayer("model").mayOnlyAccessLayers("tensor", "ops")
                .whereLayer("text").mayNotAccessAnyLayer()
                .whereLayer("data").mayOnlyAccessLayers("ops", "text")
                .whereLayer("train").mayOnlyAccessLayers("tensor", "ops", "model", "text", "data")
                .whereLayer("generate").mayOnlyAccessLayers("tensor", "ops", "model", "text", "data")
                // The one place that knows every backend by name.
                .ignoreDependency(assignableTo(Backends.class), nameMatching("candor\\.ops\\.(cpu|cuda)\\..*"))
                .check(ENGINE);
    }

    /** Ending the process and talking to the terminal are the command line's; an engine throws, returns, or logs. */
    @Test
    void theEngineNeitherEndsTheProcessNorPrints() {
        noClasses()
                .should().callMethod(System.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "halt", int.class)
                .orShould(callMethodWhere(target(name("printStackTrace")).and(target(owner(assignableTo(Throwable.class))))))
                .orShould().accessField(System.class, "out")
                .orShould().accessField(System.class, "err")
                .check(ENGINE);
    }

    @Test
    void everyPackageExplainsItself() throws IOException {
        for (String module : List.of("bindings", "engine", "bench", "cli")) {
            Path sources = Path.of("..", module, "src", "main", "java");
            assertThat(packages(sources)).as(module).isNotEmpty().allSatisfy(folder -> assertThat(
                            folder.resolve("package-info.java"))
                    .isNotEmptyFile());
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
