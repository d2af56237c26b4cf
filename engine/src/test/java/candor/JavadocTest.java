package candor;

import static org.assertj.core.api.Assertions.assertThat;

import candor.text.Message;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
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
 * strangers read first, and of the types that it shows, every parameter and result has its words; beneath them an accessor says what it is
 * in one sentence.
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
    void theShortWayInIsDocumentedInFullWithWhatItShows() throws IOException {
        List<Path> api = sources(ENGINE.resolve("candor").resolve("api"));
        List<Path> shown = shown(api);
        assertThat(shown)
                .contains(
                        ENGINE.resolve(Path.of("candor", "BadInput.java")),
                        ENGINE.resolve(Path.of("candor", "data", "Example.java")),
                        ENGINE.resolve(Path.of("candor", "text", "Message.java")));
        assertThat(warnings("all", Stream.concat(api.stream(), shown.stream()).toList()))
                .isEmpty();
    }

    /** The sources of our types in what is public of these, of what they throw, and of what a conversation is made of. */
    private static List<Path> shown(List<Path> sources) {
        Set<Class<?>> shown = new LinkedHashSet<>(List.of(BadInput.class, Message.class));
        for (Path source : sources) {
            String name = ENGINE.relativize(source).toString().replace(File.separatorChar, '.');
            if (!name.endsWith("package-info.java")) {
                try {
                    addShown(Class.forName(name.substring(0, name.length() - ".java".length())), shown);
                } catch (ClassNotFoundException e) {
                    throw new AssertionError(e);
                }
            }
        }
        return shown.stream()
                .filter(type -> type.getName().startsWith("candor.")
                        && !type.getPackageName().equals("candor.api"))
                .map(type ->
                        ENGINE.resolve(type.getName().replaceAll("\\$.*", "").replace('.', '/') + ".java"))
                .distinct()
                .toList();
    }

    private static void addShown(Class<?> type, Set<Class<?>> shown) {
        for (Method method : type.getMethods()) {
            shown.add(method.getReturnType());
            shown.addAll(List.of(method.getParameterTypes()));
            for (Type generic : Stream.concat(
                            Stream.of(method.getGenericReturnType()), Stream.of(method.getGenericParameterTypes()))
                    .toList()) {
                if (generic instanceof ParameterizedType of) {
                    Stream.of(of.getActualTypeArguments())
                            .filter(Class.class::isInstance)
                            .forEach(argument -> shown.add((Class<?>) argument));
                }
            }
        }
        for (Class<?> nested : type.getClasses()) {
            addShown(nested, shown);
        }
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
