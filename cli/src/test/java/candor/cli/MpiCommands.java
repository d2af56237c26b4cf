package candor.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** As {@link Commands}, for one of several processes: all of them carry out the same command lines. */
final class MpiCommands {
    private MpiCommands() {}

    public static void main(String[] args) throws IOException {
        Streams streams = Processes.started(Streams.ofThisProcess());
        System.setOut(streams.out());
        System.setErr(streams.err());
        int code = 0;
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            code = Math.max(code, Candor.run(streams.out(), streams.err(), line.split("\t")));
        }
        System.exit(Processes.leave(code));
    }
}
