package candor.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.generated.CandorKernels;
import candor.bindings.generated.cpu.CandorCpu;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Header and bindings say the same: where this fails, run bindings/generate.sh. */
class ApiTest {
    /** The headers, and how much of each kind they declare at least. */
    private enum Header {
        CUDA("kernels-cuda/include/candor_kernels.h", CandorKernels.class, 40, 14, 1),
        CPU("kernels-cpu/include/candor_cpu.h", CandorCpu.class, 8, 2, 0);

        final Class<?> bindings;
        final int functions;
        final int structs;
        final int types;
        final String text;
        /** What jextract quotes of it. */
        final String quoted;

        Header(String file, Class<?> bindings, int functions, int structs, int types) {
            this.bindings = bindings;
            this.functions = functions;
            this.structs = structs;
            this.types = types;
            text = read(Path.of("..", file));
            quoted = ApiTest.quoted(
                    Path.of("src/main/java", bindings.getPackageName().split("\\.")));
        }
    }

    /** jextract quotes the C that a piece of Java stands for. */
    private static final Pattern SNIPPET =
            Pattern.compile("\\{@snippet lang=c :\\n(.*?)\\n\\s*\\* \\}\\s*\\*/", Pattern.DOTALL);

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String quoted(Path generated) {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.list(generated)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                Matcher matcher = SNIPPET.matcher(read(file));
                while (matcher.find()) {
                    all.append(matcher.group(1).replaceAll("(?m)^\\s*\\* ?", ""))
                            .append("\n");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all.toString();
    }

    @ParameterizedTest
    @EnumSource
    void everyFunctionIsBoundAsItIsDeclared(Header header) {
        assertThat(Declarations.functions(header.text))
                .hasSizeGreaterThanOrEqualTo(header.functions)
                .isEqualTo(Declarations.functions(header.quoted));
    }

    @ParameterizedTest
    @EnumSource
    void everyMethodTakesWhatTheFunctionTakes(Header header) {
        Map<String, String> declared = new TreeMap<>();
        Declarations.functions(header.text).forEach((name, text) -> declared.put(name, java(text)));
        Map<String, String> bound = Arrays.stream(header.bindings.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> method.getName().matches("candor_[a-z0-9_]+"))
                .collect(Collectors.toMap(Method::getName, ApiTest::signature));
        assertThat(bound).isEqualTo(declared);
    }

    @ParameterizedTest
    @EnumSource
    void everyStructHasTheFieldsOfItsDeclaration(Header header) {
        assertThat(Declarations.structs(header.text))
                .hasSize(header.structs)
                .isEqualTo(Declarations.structs(header.quoted));
    }

    @ParameterizedTest
    @EnumSource
    void constantsAndTypeNamesAreThoseOfTheHeader(Header header) {
        assertThat(Declarations.constants(header.text)).isNotEmpty().isEqualTo(Declarations.constants(header.quoted));
        assertThat(Declarations.types(header.text))
                .hasSizeGreaterThanOrEqualTo(header.types)
                .isEqualTo(Declarations.types(header.quoted));
    }

    @Test
    void versionsAreThoseOfTheHeaders() {
        assertThat(CandorKernels.CANDOR_API_VERSION())
                .hasToString(Declarations.constants(Header.CUDA.text).get("CANDOR_API_VERSION"));
        assertThat(CandorCpu.CANDOR_CPU_API_VERSION())
                .hasToString(Declarations.constants(Header.CPU.text).get("CANDOR_CPU_API_VERSION"));
    }

    @Test
    void aChangeWouldBeSeen() {
        String header = Header.CUDA.text;
        String quoted = Header.CUDA.quoted;
        String moved = header.replace(
                "const candor_matrix *x, const candor_matrix *w,", "const candor_matrix *w, const candor_matrix *x,");
        String widened = header.replace("int32_t count, candor_stream *stream", "int64_t count, candor_stream *stream");
        String field = header.replace("float scale;", "double scale;");
        for (String changed : List.of(moved, widened)) {
            assertThat(changed).isNotEqualTo(header);
            assertThat(Declarations.functions(changed)).isNotEqualTo(Declarations.functions(quoted));
        }
        assertThat(Declarations.structs(field)).isNotEqualTo(Declarations.structs(quoted));
        String renumbered = Header.CPU.text.replace("CANDOR_CPU_FP8_PANELS = 5", "CANDOR_CPU_FP8_PANELS = 6");
        assertThat(Declarations.constants(renumbered)).isNotEqualTo(Declarations.constants(Header.CPU.quoted));
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
            case "void" -> "void";
            default -> throw new IllegalStateException("a type that no C API here uses: " + declaration);
        };
    }

    private static String signature(Method method) {
        return method.getReturnType().getSimpleName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .collect(Collectors.joining(", ", "(", ")"));
    }
}
