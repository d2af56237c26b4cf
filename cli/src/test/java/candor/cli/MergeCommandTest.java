package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class MergeCommandTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");

    @TempDir
    private Path folder;

    private List<String> args(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "merge",
                "--model",
                GOLDEN.resolve("model").toString(),
                "--adapter",
                GOLDEN.resolve("adapter").toString(),
                "--output",
                folder.resolve("merged").toString(),
                "--threads",
                "1"));
        args.addAll(List.of(more));
        return args;
    }

    @Test
    void aMergedModelSaysWhatModelAndAdapterSay() throws IOException {
        Cli.run(args("--dtype", "float32")).succeeded();
        Cli.run(args()).refused("merged: exists already; overwrite it with --force");
        Path prompts = Files.writeString(folder.resolve("p.jsonl"), "{\"prompt\":\"What about a loop in Python?\"}\n");
        List<String> said = new ArrayList<>();
        for (boolean merged : new boolean[] {true, false}) {
            Path output = folder.resolve(merged + ".jsonl");
            List<String> generate = new ArrayList<>(List.of(
                    "generate",
                    "--prompts",
                    prompts.toString(),
                    "--output",
                    output.toString(),
                    "--temperature",
                    "0",
                    "--max-new-tokens",
                    "20",
                    "--model",
                    (merged ? folder.resolve("merged") : GOLDEN.resolve("model")).toString()));
            if (!merged) {
                generate.addAll(List.of("--adapter", GOLDEN.resolve("adapter").toString()));
            }
            Cli.run(generate).succeeded();
            said.add(Files.readString(output).replaceFirst("\"adapter\":[^,]*,", ""));
        }
        assertThat(said.get(0)).isEqualTo(said.get(1));
    }

    @Test
    void badInputIsOneLine() {
        Cli.run(args("--max-shard-mib", "0")).refused("--max-shard-mib 0: give 1 or more");
        Cli.run(
                        "merge",
                        "--model",
                        "nowhere",
                        "--adapter",
                        GOLDEN.resolve("adapter").toString(),
                        "--output",
                        folder.resolve("merged").toString())
                .refused("nowhere: no such folder");
        assertThat(folder).isEmptyDirectory();
    }

    /** A limit on the size of files stands for a disk that is full. */
    @Test
    @Timeout(60)
    @EnabledOnOs(OS.LINUX)
    void aFullDiskIsALineAndLeavesNothing() throws Exception {
        assertThat(FullDisk.refused(200, args())).contains("cannot be written");
        assertThat(folder).isEmptyDirectory();
    }
}
