package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.check.NaiveBackend;
import candor.ops.op.Op;
import candor.ops.op.Zero;
import candor.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CheckCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        PrintStream stdout = System.out;
        PrintStream captured = Streams.checked(out);
        System.setOut(captured);
        try {
            return Candor.run(captured, new PrintStream(err, true, StandardCharsets.UTF_8), args);
        } finally {
            System.setOut(stdout);
        }
    }

    private static int check(NaiveBackend backend, ByteArrayOutputStream out) {
        PrintStream stream = Streams.checked(out);
        int code = CheckCommand.check(backend, Set.of("zero"), stream);
        stream.flush();
        return code;
    }

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void aRowForEachCaseOfTheOperationsThatWereNamed() {
        assertThat(run("check", "--backend", "cpu", "--threads", "1", "--op", "swiGlu", "embed"))
                .isZero();
        assertThat(lines().get(0)).startsWith("cpu: ");
        assertThat(lines().get(1)).matches("op +case +error +bound +verdict");
        List<String> rows = lines().subList(2, lines().size() - 1);
        assertThat(rows).allMatch(row -> row.matches("(embed|swiGlu) +[NV].* [\\d.e+-]+ +[\\d.e+-]+  PASS"));
        assertThat(rows).anyMatch(row -> row.startsWith("embed")).anyMatch(row -> row.startsWith("swiGlu"));
        assertThat(lines().getLast()).isEqualTo(rows.size() + " passed, 0 failed, 0 skipped");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void aFailureIsCountedAndExitsWith1() {
        try (NaiveBackend broken = new NaiveBackend() {
            @Override
            public void run(Op op) {
                if (op instanceof Zero(Tensor y) && y.rows() > 1) {
                    y.set(0, 0, 1);
                } else {
                    super.run(op);
                }
            }
        }) {
            assertThat(check(broken, out)).isEqualTo(1);
        }
        assertThat(lines()).anyMatch(row -> row.matches("zero +2 x 7 +- +-  FAIL: y \\(0, 1\\) was not written.*"));
        assertThat(lines().getLast()).isEqualTo("1 passed, 3 failed, 0 skipped");
    }

    @Test
    void whatIsSkippedIsCounted() {
        try (NaiveBackend partial = new NaiveBackend() {
            @Override
            public void run(Op op) {
                throw new UnsupportedOperationException("not yet");
            }
        }) {
            assertThat(check(partial, out)).isZero();
        }
        assertThat(lines()).anyMatch(row -> row.endsWith("SKIP: not yet"));
        assertThat(lines().getLast()).isEqualTo("0 passed, 0 failed, 4 skipped");
    }

    @Test
    void anUnknownOperationIsNamedWithTheKnownOnes() {
        assertThat(run("check", "--op", "matmul")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8).lines().toList())
                .singleElement()
                .asString()
                .startsWith("error: --op matmul: no such operation; there are embed, rmsNorm, ")
                .contains("adamW");
        assertThat(lines()).isEmpty();
    }

    @Test
    void anUnknownBackendIsNamed() {
        assertThat(run("check", "--backend", "quantum")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("error: there is no backend quantum; give --backend as one of ");
    }
}
