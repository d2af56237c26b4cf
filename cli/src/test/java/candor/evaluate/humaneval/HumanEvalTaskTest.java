package candor.evaluate.humaneval;

import static candor.evaluate.TestRows.file;
import static candor.evaluate.TestRows.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.BadInput;
import candor.evaluate.TestRows;
import candor.evaluate.ask.Prompt;
import candor.evaluate.humaneval.HumanEvalTask.CodeRule;
import candor.evaluate.humaneval.Sandbox.Limits;
import candor.evaluate.humaneval.Sandbox.Result;
import candor.evaluate.judge.Judgements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HumanEvalTaskTest {
    private static final Limits LIMITS = new Limits(1, 20, 512L << 20);
    private static final String ROW =
            "{'task_id':'T/0','entry_point':'double','prompt':'import math\\n\\ndef double(x):"
                    + "\\n    \\'\\'\\'Twice x.\\'\\'\\'\\n','test':'def check(f):\\n    assert f(2) == 4\\n    assert f(0) == 0\\n'}";

    @TempDir
    private Path folder;

    /** Skips by name what this machine cannot sandbox. */
    private static Sandbox sandbox() {
        Optional<String> missing = Sandbox.missing();
        assumeTrue(missing.isEmpty(), () -> missing.get() + " is missing: the sandbox is not tested here");
        return Sandbox.open(LIMITS);
    }

    @Test
    void theFirstCodeBlockCounts() {
        assertThat(CodeRule.FIRST_BLOCK.code("Here:\n```python\na = 1\n```\nor\n```\nb = 2\n```"))
                .isEqualTo("a = 1\n");
        assertThat(CodeRule.FIRST_BLOCK.code("```\na = 1\n```")).isEqualTo("a = 1\n");
        assertThat(CodeRule.FIRST_BLOCK.code("```python\na = 1\n")).isEqualTo("a = 1\n");
        assertThat(CodeRule.FIRST_BLOCK.code("a = 1")).isEqualTo("a = 1");
    }

    /** As OpenCompass's humaneval_postprocess_v2 takes a reply apart. */
    @Test
    void openCompassWantsAClosedFenceAndStripsWhatIsBeforeTheCode() {
        CodeRule rule = CodeRule.OPENCOMPASS;
        assertThat(rule.code("Here:\n```python\n\n  a = 1\n```\nor\n```\nb = 2\n```"))
                .isEqualTo("a = 1\n");
        assertThat(rule.code("```python\na = 1\n")).as("open to the end").isEqualTo("```python\na = 1\n");
        assertThat(rule.code("```python title=x\na = 1\n```"))
                .as("more than a word behind the fence")
                .isEqualTo("```python title=x\na = 1\n```");
        assertThat(rule.code("    return 2 * x\n")).isEqualTo("return 2 * x\n");
    }

    @Test
    void theSecondPromptSetPutsThePromptAsItStandsBehindOneSentence() {
        HumanEvalTask own = task(null);
        HumanEvalTask other = HumanEvalTask.load(
                List.of(folder.resolve("rows.jsonl")),
                given("prompt_set", "opencompass", "code_rule", "opencompass"),
                Sandbox.unsafe(LIMITS));
        var row = other.rows().getFirst();
        String text = ((Prompt.Chat) other.asks(row).getFirst().prompt())
                .conversation()
                .messages()
                .getFirst()
                .content()
                .toString();
        assertThat(text).endsWith("\n" + row.prompt()).doesNotContain("```");
        assertThat(text.substring(0, text.length() - row.prompt().length())
                        .lines()
                        .count())
                .isOne();
        assertThat(own.asks(row)).isNotEqualTo(other.asks(row));
    }

    private HumanEvalTask task(Sandbox sandbox) {
        String row = ROW.replace("\\'\\'\\'", "#");
        return HumanEvalTask.load(
                List.of(file(folder, "rows.jsonl", row.replace("#Twice x.#", "\\\"\\\"\\\"Twice x.\\\"\\\"\\\""))),
                given(),
                sandbox);
    }

    private static double passAt1(HumanEvalTask task, String reply) {
        return task.outcome(task.rows().getFirst(), TestRows.replies("code", reply), Judgements.NONE)
                .values()
                .get("pass_at_1");
    }

    @Test
    void rightAndWrongCode() {
        HumanEvalTask task = task(sandbox());
        assertThat(passAt1(task, "```python\ndef double(x):\n    return 2 * x\n```"))
                .isOne();
        assertThat(passAt1(task, "    return int(math.fsum([x, x]))")).isOne(); // a body, with the prompt's import
        assertThat(passAt1(
                        HumanEvalTask.load(
                                List.of(folder.resolve("rows.jsonl")),
                                given("prompt_set", "opencompass", "code_rule", "opencompass"),
                                sandbox()),
                        "    return int(math.fsum([x, x]))"))
                .as("OpenCompass strips the first indent of a body")
                .isZero();
        assertThat(passAt1(task, "```python\ndef double(x):\n    return 3 * x\n```"))
                .isZero();
        assertThat(passAt1(task, "```python\ndef double(x) return\n```")).isZero();
        assertThat(passAt1(task, "I would rather not.")).isZero();
        assertThat(passAt1(task, "")).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "import sys\nsys.exit(0)",
                "import os\nos._exit(0)",
                "raise SystemExit",
                "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
            })
    void leavingEarlyIsNotPassing(String program) {
        Result result = sandbox().run(program);
        assertThat(result.passed()).isFalse();
    }

    @Test
    void theMachineIsOutOfReach() throws IOException {
        Sandbox sandbox = sandbox();
        Path secret = Files.writeString(folder.resolve("secret"), "x");
        assertThat(sandbox.run("open(" + quoted(secret) + ")").reason()).contains("No such file");
        assertThat(sandbox.run("open('/etc/passwd')").reason()).contains("No such file");
        assertThat(sandbox.run("open('/usr/candor-was-here', 'w')").reason()).contains("Read-only file system");
        assertThat(sandbox.run("open('/tmp/own', 'w').write('x')").passed()).isTrue();
        assertThat(sandbox.run("import os\nassert os.listdir('/tmp') == ['program.py'], os.listdir('/tmp')")
                        .reason())
                .isEqualTo("passed"); // what an earlier program wrote is gone
        assertThat(sandbox.run("import os\nassert 'PATH' not in os.environ, 'environment'")
                        .reason())
                .isEqualTo("passed");
        assertThat(sandbox.run("import os\nassert len([p for p in os.listdir('/proc') if p.isdigit()]) < 5")
                        .reason())
                .isEqualTo("passed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/candor", "/dev/shm/candor", "/dev/candor", "/proc/sys/kernel/hostname"})
    void nothingButTmpCanBeWritten(String path) {
        assertThat(sandbox().run("open('" + path + "', 'w').write('x')").reason())
                .containsAnyOf("Read-only file system", "Permission denied");
    }

    @Test
    void noProgramHasRootsPowers() {
        String program = "status = dict(line.split(':\\t', 1) for line in open('/proc/self/status'))\n"
                + "assert int(status['CapEff'], 16) == int(status['CapPrm'], 16) == 0, status['CapEff']\n"
                + "assert status['NoNewPrivs'].strip() == '1', status['NoNewPrivs']";
        assertThat(sandbox().run(program).reason()).isEqualTo("passed");
    }

    @Test
    void processesAndTheSizeOfTmpAreBounded() {
        String forks = "import os, time\nfor n in range(200):\n    if os.fork() == 0:\n        time.sleep(2)";
        assertThat(sandbox().run(forks).reason()).contains("Resource temporarily unavailable");
        String fills = "for n in range(20):\n    open(f'/tmp/{n}', 'wb').write(bytes(8 << 20))";
        assertThat(sandbox().run(fills).reason()).contains("No space left on device");
    }

    @Test
    void thereIsNoNetwork() throws IOException {
        Sandbox sandbox = sandbox();
        try (var server = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            String program = "import socket\nsocket.create_connection(('127.0.0.1', " + server.getLocalPort() + "), 2)";
            assertThat(sandbox.run(program).passed()).isFalse();
            assertThat(sandbox.run("import socket\nassert [n for _, n in socket.if_nameindex()] == ['lo']")
                            .reason())
                    .isEqualTo("passed");
        }
    }

    @Test
    void timeAndMemoryAreBounded() {
        Sandbox sandbox = sandbox();
        assertThat(sandbox.run("while True: pass").reason()).isEqualTo("was killed at its bound of processor time");
        assertThat(sandbox.run("x = bytearray(2 << 30)").reason()).contains("MemoryError");
        Sandbox impatient = Sandbox.open(new Limits(1, 2, 512L << 20));
        assertThat(impatient.run("import time\ntime.sleep(60)").reason()).isEqualTo("ran longer than 2 s");
    }

    @Test
    void outputWithoutEndIsDropped() {
        Result result = sandbox().run("while True: print('x' * 10000)");
        assertThat(result.passed()).isFalse();
        assertThat(result.reason().length()).isLessThan(400);
    }

    @Test
    void withoutASandboxNothingIsRunUnlessToldTo() {
        Optional<String> missing = Sandbox.missing();
        assumeTrue(missing.isPresent(), "this machine has a sandbox: its absence is not tested here");
        assertThatThrownBy(() -> Sandbox.open(LIMITS))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(missing.get() + " is missing")
                .hasMessageContaining("--unsafe-no-sandbox");
    }

    @Test
    void withoutASandboxTheLimitsStillHold() {
        Optional<String> missing = Programs.missing(false);
        assumeTrue(missing.isEmpty(), () -> missing.get() + " is missing: running Python is not tested here");
        Sandbox sandbox = Sandbox.unsafe(LIMITS);
        assertThat(sandbox.run("x = 1").passed()).isTrue();
        assertThat(sandbox.run("assert False, 'odd'").reason()).isEqualTo("exit code 1: AssertionError: odd");
        assertThat(sandbox.run("while True: pass").passed()).isFalse();
    }

    @Test
    void dataIsChecked() {
        assertThat(task(null).notes()).containsExactly("1 rows, the published file has 164");
        Path bad = file(folder, "bad.jsonl", "{'task_id':'t','prompt':'p','test':'t','entry_point':'f(); import os'}");
        assertThatThrownBy(() -> HumanEvalTask.load(List.of(bad), given(), null))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 1: entry_point is not the name of a function");
        Path lacking = file(folder, "lacking.jsonl", "{'task_id':'t','prompt':'p','entry_point':'f'}");
        assertThatThrownBy(() -> HumanEvalTask.load(List.of(lacking), given(), null))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no column \"test\"");
    }

    private static String quoted(Path path) {
        return "'" + path + "'";
    }
}
