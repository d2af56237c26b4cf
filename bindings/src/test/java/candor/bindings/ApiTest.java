package candor.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.generated.CandorKernels;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Header and bindings say the same: where this fails, run bindings/generate.sh. */
class ApiTest {
    private static final Path GENERATED = Path.of("src/main/java/candor/bindings/generated");
    /** jextract quotes the C that a piece of Java stands for. */
    private static final Pattern SNIPPET =
            Pattern.compile("\\{@snippet lang=c :\\n(.*?)\\n\\s*\\* \\}\\s*\\*/", Pattern.DOTALL);

    private static String header;
    private static String quoted;

    @BeforeAll
    static void read() throws IOException {
        header = Files.readString(Path.of("../kernels-cuda/include/candor_kernels.h"));
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.list(GENERATED)) {
            for (Path file : files.sorted().toList()) {
                Matcher matcher = SNIPPET.matcher(Files.readString(file));
                while (matcher.find()) {
                    all.append(matcher.group(1).replaceAll("(?m)^\\s*\\* ?", ""))
                            .append("\n");
                }
            }
        }
        quoted = all.toString();
    }

    @Test
    void everyFunctionIsBoundAsItIsDeclared() {
        assertThat(Declarations.functions(header)).hasSizeGreaterThan(40).isEqualTo(Declarations.functions(quoted));
    }

    @Test
    void everyMethodTakesWhatTheFunctionTakes() {
        Map<String, String> declared = new TreeMap<>();
        Declarations.functions(header).forEach((name, text) -> declared.put(name, java(text)));
        Map<String, String> bound = Arrays.stream(CandorKernels.class.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> method.getName().matches("candor_[a-z0-9_]+"))
                .collect(Collectors.toMap(Method::getName, ApiTest::signature));
        assertThat(bound).isEqualTo(declared);
    }

    @Test
    void everyStructHasTheFieldsOfItsDeclaration() {
        assertThat(Declarations.structs(header)).hasSize(11).isEqualTo(Declarations.structs(quoted));
    }

    @Test
    void constantsAndTypeNamesAreThoseOfTheHeader() {
        assertThat(Declarations.constants(header)).isEqualTo(Declarations.constants(quoted));
        assertThat(CandorKernels.CANDOR_API_VERSION())
                .hasToString(Declarations.constants(header).get("CANDOR_API_VERSION"));
        assertThat(Declarations.types(header)).isNotEmpty().isEqualTo(Declarations.types(quoted));
    }

    @Test
    void aChangeWouldBeSeen() {
        String moved = header.replace(
                "const candor_matrix *x, const candor_matrix *w,", "const candor_matrix *w, const candor_matrix *x,");
        String widened = header.replace("int32_t count, candor_stream *stream", "int64_t count, candor_stream *stream");
        String field = header.replace("float scale;", "double scale;");
        for (String changed : List.of(moved, widened)) {
            assertThat(changed).isNotEqualTo(header);
            assertThat(Declarations.functions(changed)).isNotEqualTo(Declarations.functions(quoted));
        }
        assertThat(Declarations.structs(field)).isNotEqualTo(Declarations.structs(quoted));
    }

    /** What jextract makes of the types of a function. */
    private static String java(String declaration) {
        int open = declaration.indexOf('(');
        String parameters = declaration.substring(open + 1, declaration.length() - 1);
        return type(declaration.substring(0, open))
                + Stream.of(parameters.split(", "))
                        .filter(parameter -> !parameter.isEmpty())
                        .map(ApiTest::type)
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String type(String declaration) {
        if (declaration.contains("*")) {
            return MemorySegment.class.getSimpleName();
        }
        return switch (declaration.split(" ")[0]) {
            case "int", "int32_t" -> "int";
            case "int64_t" -> "long";
            case "float" -> "float";
            case "double" -> "double";
            default -> throw new IllegalStateException("a type that the C API does not use: " + declaration);
        };
    }

    private static String signature(Method method) {
        return method.getReturnType().getSimpleName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .collect(Collectors.joining(", ", "(", ")"));
    }
}
