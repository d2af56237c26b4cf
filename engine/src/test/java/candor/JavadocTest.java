package candor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.DocumentationTool;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is published as documentation of the engine and the bindings makes without a warning. Of {@code candor.api}, which
 * strangers read first, every parameter and result has its words; beneath it an accessor says what it is in one sentence.
 */
@Tag("slow")
class JavadocTest {
    private static final Path ENGINE = Path.of("src", "main", "java");
    private static final Path BINDINGS = Path.of("..", "bindings", "src", "main", "java");

    @TempDir
    private Path folder;

    @Test
    void allPackages() throws IOException {
        assertThat(warnings("all,-missing", sources(ENGINE, BINDINGS))).isEmpty();
    }

    @Test
    void theShortWayInIsDocumentedInFull() throws IOException {
        assertThat(warnings("all", sources(ENGINE.resolve("candor").resolve("api"))))
                .isEmpty();
    }

    private static List<Path> sources(Path... roots) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path root : roots) {
            try (Stream<Path> below = Files.walk(root)) {
                below.filter(file -> file.toString().endsWith(".java")).forEach(files::add);
            }
        }
        assertThat(files).isNotEmpty();
        return files;
    }

    private List<String> warnings(String groups, List<Path> sources) throws IOException {
        DocumentationTool javadoc = ToolProvider.getSystemDocumentationTool();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        try (StandardJavaFileManager files = javadoc.getStandardFileManager(found, null, null)) {
            List<String> options = List.of(
                    "-quiet",
                    "-Xdoclint:" + groups,
                    "-Xmaxwarns",
                    "1000",
                    "--add-modules",
                    "jdk.incubator.vector",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "-d",
                    folder.toString());
            javadoc.getTask(null, files, found, null, options, files.getJavaFileObjectsFromPaths(sources))
                    .call();
        }
        assertThat(folder.resolve("index.html")).exists();
        return found.getDiagnostics().stream()
                .filter(each -> each.getKind() != Diagnostic.Kind.NOTE && each.getKind() != Diagnostic.Kind.OTHER)
                // That the Vector API is what it is.
                .filter(each -> !"compiler.warn.incubating.modules".equals(each.getCode()))
                .map(Object::toString)
                .toList();
    }
}
