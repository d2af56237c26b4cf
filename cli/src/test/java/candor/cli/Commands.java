package candor.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The command lines of a file, one after another in one process, each as {@code main} would run it: a new process for each of
 * many would take most of a test's time. Tabs separate the words.
 */
final class Commands {
    private Commands() {}

    public static void main(String[] args) throws IOException {
        Streams streams = Streams.ofThisProcess();
        System.setOut(streams.out());
        System.setErr(streams.err());
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            int code = Candor.run(streams.out(), streams.err(), line.split("\t"));
            System.out.println("ended with " + code + ".");
        }
    }
}
