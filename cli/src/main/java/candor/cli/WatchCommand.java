package candor.cli;

import candor.watch.Board;
import candor.watch.WatchServer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor watch}: a page that shows runs, evaluations and studies while they are at work. */
@Command(
        name = "watch",
        description = {
            "Shows runs, evaluations and studies while they are at work, on a page of this machine that refreshes"
                    + " itself: curves, arms, the time that is left, replies so far. Prints its URL on stdout.",
            "It reads their files alone, so they may run anywhere that writes to this folder, and it never disturbs"
                    + " them. It listens on 127.0.0.1; from elsewhere, forward the port: ssh -L 8001:127.0.0.1:8001"
                    + " MACHINE.",
            "SIGTERM or Ctrl-C ends it."
        })
final class WatchCommand implements Callable<Integer> {
    private static final int MOST_PORT = 65_535;
    private static final long LOOK_MILLIS = 50;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIR",
            description =
                    "A run's folder, an evaluation's, a study's, or a folder with several of them, which need not be"
                            + " there yet.")
    private Path folder;

    @Option(names = "--port", paramLabel = "N", description = "The port to listen on; 0 for any that is free.")
    private int port = 8001;

    @Override
    public Integer call() throws InterruptedException {
        EvalCommand.require(port >= 0 && port <= MOST_PORT, "--port " + port + ": give 0 to " + MOST_PORT);
        try (Interrupt interrupt = Interrupt.listen("what was watched goes on; the same command watches again");
                WatchServer server = WatchServer.open(new Board(folder), port)) {
            spec.commandLine().getOut().println(server.url());
            spec.commandLine().getOut().flush();
            while (!interrupt.requested()) {
                Thread.sleep(LOOK_MILLIS);
            }
            return interrupt.stopped();
        }
    }
}
