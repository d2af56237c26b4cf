package candor.cli;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is refused before anything is built or measured. */
class BenchCommandTest {
    @Test
    void numbersBelowOne() {
        Cli.run("bench", "--threads", "0").refused("--threads", "give 1 or more");
        Cli.run("bench", "--tokens", "0").refused("--tokens", "give 1 or more");
        Cli.run("bench", "--iterations", "0").refused("--iterations", "give 1 or more");
        Cli.run("bench", "--iteration-millis", "-1").refused("--iteration-millis", "give 1 or more");
    }

    @Test
    void tokensThatAreNoWholeSequences() {
        Cli.run("bench", "--tokens", "300", "--length", "256").refused("--tokens 300", "--length 256");
    }

    @Test
    void aNameThatWouldBeAPath() {
        Cli.run("bench", "--name", "../x").refused("--name ../x", "letters, digits");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "StepBenchmark | tinny | | cpu | | --shape tinny: not one of world, tiny, small, qwen2.5-0.5b,"
                        + " llama-3.1-8b; did you mean tiny?",
                "OpBenchmark | tiny | linear.gaet | cpu | | did you mean linear.gate?",
                "OpBenchmark | tiny | | gpu | | --backend gpu: not one of cpu, cuda, cuda-emulated, plain",
                "StepBenchmark | tiny:bf16 | | cpu | adaptors | --param adaptors: not one of adapters, backend, batch,"
                        + " length, model, recompute, threads; did you mean adapters?",
                "Scaling | tiny | | cpu | curv | --param curv: not one of curve; did you mean curve?",
                "StartUp | tiny | | cpu | curve | --param curve: what is chosen has no parameters",
                "StepBenchmrk | tiny | | cpu | | names no benchmark; did you mean StepBenchmark?",
                "( | tiny | | cpu | | bench (: not a regular expression",
            })
    void namesThatThereAreNot(String pattern, String shape, String op, String backend, String parameter, String why) {
        BenchNames names =
                BenchNames.read(Path.of(System.getProperty("basedir", ".")).resolve(".."));
        assertThatThrownBy(() -> names.check(pattern, List.of(shape), list(op), List.of(backend), list(parameter)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(why);
    }

    @Test
    void namesThatThereAre() {
        BenchNames names =
                BenchNames.read(Path.of(System.getProperty("basedir", ".")).resolve(".."));
        names.check("OpBenchmark", List.of("tiny"), List.of("linear.gate"), List.of("cpu", "plain"), List.of());
        names.check("StepBenchmark.(sft|kto)$", List.of("small:bf16"), List.of(), List.of("cuda"), List.of("batch"));
        names.check(
                "StepBenchmark.(sft|kto)$",
                List.of("tiny:nf4", "tiny:int8", "tiny:fp8"),
                List.of(),
                List.of("cuda"),
                List.of("batch"));
        names.check("Scaling", List.of("tiny"), List.of(), List.of("cpu"), List.of("curve"));
        names.check("Machine", List.of("tiny"), List.of(), List.of("cpu"), List.of());
    }

    private static List<String> list(String names) {
        return names == null ? List.of() : List.of(names);
    }

    @Test
    void optionsOfJmh() {
        Cli.run("bench", "-wi", "5").refused("-wi 5: not available: each benchmark warms up");
        Cli.run("bench", "-prof", "gc").refused("'candor bench Profile'");
        Cli.run("bench", "-f", "0").refused("--forks", "give 1 or more");
        Cli.run("bench", "-i", "1", "-f", "1", "-p", "batch=1").refused("in a checkout");
    }

    @Test
    void withoutACheckout() {
        Cli.run("bench", "--quick").refused("./candor bench in a checkout");
    }
}
