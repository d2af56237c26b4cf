package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InterruptTest {
    /** Works until it is asked to stop, then takes a moment to put itself in order. */
    static final class Work {
        public static void main(String[] args) throws InterruptedException {
            int code;
            try (Interrupt interrupt = Interrupt.listen("go on")) {
                System.out.println("at work");
                while (!interrupt.requested()) {
                    Thread.sleep(1);
                }
                Thread.sleep(50);
                System.out.println("in order");
                code = interrupt.stopped();
            }
            System.exit(code);
        }
    }

    static final class Done {
        public static void main(String[] args) {
            try (Interrupt interrupt = Interrupt.listen("go on")) {
                System.out.println(interrupt.requested());
            }
            System.exit(0); // waits for every hook: ours must not hold it up
        }
    }

    @Test
    void workIsPutInOrderBeforeTheJvmEnds() throws Exception {
        Process work = start(Work.class);
        try (BufferedReader lines = work.inputReader()) {
            assertThat(lines.readLine()).isEqualTo("at work");
            work.toHandle().destroy(); // SIGTERM: a SIGINT may be ignored where the tests run in the background
            assertThat(lines.readLine()).isEqualTo("in order");
        }
        assertThat(work.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(work.exitValue()).isEqualTo(128 + 15);
    }

    @Test
    void undisturbedWorkEndsAsUsual() throws Exception {
        Process done = start(Done.class);
        try (BufferedReader lines = done.inputReader()) {
            assertThat(lines.readLine()).isEqualTo("false");
        }
        assertThat(done.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(done.exitValue()).isZero();
    }

    private static Process start(Class<?> program) throws java.io.IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        program.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
