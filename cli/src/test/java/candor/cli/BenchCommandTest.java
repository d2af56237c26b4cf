package candor.cli;

import org.junit.jupiter.api.Test;

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

    @Test
    void withoutACheckout() {
        Cli.run("bench", "--quick").refused("./candor bench in a checkout");
    }
}
