package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.export.gguf.GgmlType;
import candor.export.gguf.GgufFile;
import candor.export.gguf.GgufValue;
import candor.io.Sha256;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExportCommandTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");

    @TempDir
    private Path folder;

    private Path output() {
        return folder.resolve("model.gguf");
    }

    private List<String> args(String... more) {
        List<String> args = new ArrayList<>(List.of("export", "gguf", "--output", output().toString()));
        args.addAll(List.of(more));
        return args;
    }

    private List<String> golden(String... more) {
        List<String> args = args(
                "--model",
                GOLDEN.resolve("model").toString(),
                "--adapter",
                GOLDEN.resolve("adapter").toString());
        args.addAll(List.of(more));
        return args;
    }

    /**
     * The embedded model. llama.cpp 0.5.0 (see the engine's GgufExportTest) loaded these bytes and answered 144 prompts of the tiny
     * world's given facts greedily: from float32, bf16 and q8_0 with Candor's own 1,464 tokens, from q4_k with 141 of the replies.
     */
    @ParameterizedTest
    @CsvSource({
        "f32, c5a729a51a34a4fe47e9c32b6d1f9e8f1877defaca8fe7c401278ab77d3eb40d",
        "bf16, 50c45067c511d6f838a8acc3e3f6183d49a59973a2c436e9aa2c54826e5dda7a",
        "q8_0, 7849cfd5249e6aacf08ad3a19372b9d5aa54cb854a5da63c628b27eb4926d313",
        "q4_k, 1004bd25bc75a1a0bf4d2954f605eb28aaf5593bc93819d930571c4f1b40d7af"
    })
    void theEmbeddedModelIsExportedByDefault(String type, String sum) throws IOException {
        Cli.run(args("--type", type)).succeeded();
        assertThat(Sha256.hex(Files.readAllBytes(output()))).isEqualTo(sum);
    }

    @Test
    void theFileIsSaidAndNeverOverwrittenUnasked() {
        assertThat(Cli.run(args("--type", "Q4_K")).succeeded().out()).isEqualTo(output() + "\n");
        Cli.run(args()).refused("model.gguf: exists already; overwrite it with --force, or choose another --output");
        Cli.run(args("--force")).succeeded();
        assertThat(type("token_embd.weight")).isEqualTo(GgmlType.BF16); // as the model's own
    }

    private GgmlType type(String tensor) {
        try (Arena arena = Arena.ofConfined()) {
            return GgufFile.open(output(), arena).tensors().get(tensor).type();
        }
    }

    @Test
    void anAdapterIsMergedOrAlone() {
        Cli.run(golden()).succeeded();
        assertThat(type("output.weight")).isEqualTo(GgmlType.F32);
        Cli.run(golden("--force", "--lora")).succeeded();
        assertThat(type("blk.1.ffn_down.weight.lora_b")).isEqualTo(GgmlType.F32);
        Cli.run(golden("--force", "--lora", "--type", "f16")).succeeded();
        assertThat(type("blk.1.ffn_down.weight.lora_b")).isEqualTo(GgmlType.F16);
    }

    @Test
    void theNameGoesIntoEitherKindOfFile() {
        for (String[] kind :
                List.of(new String[] {"--name", "Q 2"}, new String[] {"--name", "Q 2", "--force", "--lora"})) {
            Cli.run(golden(kind)).succeeded();
            try (Arena arena = Arena.ofConfined()) {
                assertThat(GgufFile.open(output(), arena).metadata().get("general.name"))
                        .isEqualTo(GgufValue.of("Q 2"));
            }
        }
    }

    @Test
    void badInputIsOneLine() {
        Cli.run(golden("--lora", "--chat-template", "qwen"))
                .refused("--lora writes an adapter alone, which has no chat template; give --chat-template where its"
                        + " base is exported");
        Cli.run(args("--lora")).refused("--lora writes an adapter, and none is given; add --adapter DIR");
        Cli.run(golden("--lora", "--type", "q8_0"))
                .refused("an adapter alone is not quantised; choose f32, f16 or bf16 as its --type, or leave out"
                        + " --lora");
        assertThat(Cli.run(args("--type", "q2_k")).err()).contains("'--type': expected one of", "'q2_k'");
        Cli.run(args("--model", "nowhere")).refused("nowhere: no such folder");
        Cli.run(args("--adapter", "nowhere")).refused("nowhere");
        assertThat(Cli.run("export").err()).contains("'candor export' needs a command: one of gguf");
        assertThat(Cli.run("gguf").err()).contains("did you mean export gguf?");
        assertThat(folder).isEmptyDirectory();
    }

    /** A limit on the size of files stands for a disk that is full: within what a file begins with, and within its tensors. */
    @ParameterizedTest
    @ValueSource(ints = {8, 200})
    @Timeout(60)
    @EnabledOnOs(OS.LINUX)
    void aFullDiskIsALineAndLeavesNothing(int kibibytes) throws Exception {
        assertThat(FullDisk.refused(kibibytes, golden())).startsWith("error: " + output() + ": cannot be written (");
        assertThat(folder).isEmptyDirectory();
    }
}
