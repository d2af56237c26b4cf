package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RepoNameTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            emptyValue = "",
            value = {
                "Qwen/Qwen3-0.6B                         | MODEL   | Qwen/Qwen3-0.6B | main           | ''",
                "Qwen/Qwen3-0.6B@v1.0                    | MODEL   | Qwen/Qwen3-0.6B | v1.0           | ''",
                "Qwen/Qwen3-0.6B@refs/pr/3               | MODEL   | Qwen/Qwen3-0.6B | refs/pr/3      | ''",
                "hf://Qwen/Qwen3-0.6B@refs%2Fpr%2F3/a    | MODEL   | Qwen/Qwen3-0.6B | refs/pr/3      | a",
                "openai/gsm8k/main/test.parquet          | MODEL   | openai/gsm8k    | main           |"
                        + " main/test.parquet",
                "openai/gsm8k@v2/main/test.parquet       | MODEL   | openai/gsm8k    | v2             |"
                        + " main/test.parquet",
                "hf://datasets/openai/gsm8k/main         | DATASET | openai/gsm8k    | main           | main",
                "datasets/openai/gsm8k                   | DATASET | openai/gsm8k    | main           | ''",
                "models/org                              | MODEL   | models/org      | main           | ''",
            })
    void namesAreRead(String text, RepoKind kind, String name, String revision, String path) {
        RepoName repo = RepoName.of(RepoKind.MODEL, text);
        assertThat(repo).isEqualTo(new RepoName(kind, name, revision, path));
        assertThat(RepoName.of(kind, repo.toString())).isEqualTo(repo);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2",
                "",
                "/models/tiny",
                "./models/tiny",
                "a/b c",
                "org/name@",
                "org/-name",
                "org/na--me",
                "org/na..me",
                "org/name@a..b",
                "org/name@-x",
                "org/name/../../up",
                "org/name/a\\b",
                "https://huggingface.co/org/name",
            })
    void whatIsNoNameIsRefused(String text) {
        assertThatThrownBy(() -> RepoName.of(RepoKind.MODEL, text)).isInstanceOf(BadInput.class);
    }

    @Test
    void aLocalPathComesFirst() {
        assertThat(RepoName.meant(RepoKind.MODEL, "org/name")).isPresent();
        assertThat(RepoName.meant(RepoKind.MODEL, "src/main")).isEmpty(); // it is here
        assertThat(RepoName.meant(RepoKind.MODEL, "src/mian")).isEmpty(); // a slip: its folder is here
        assertThat(RepoName.meant(RepoKind.MODEL, "hf://src/main")).isPresent();
        assertThat(RepoName.meant(RepoKind.MODEL, "../tiny")).isEmpty();
        assertThat(RepoName.meant(RepoKind.MODEL, "tiny")).isEmpty();
        assertThat(RepoName.ambiguous("src/main")).isTrue();
        // Longer paths are those of runs, unless they say otherwise.
        assertThat(Named.isModel("runs/sft/adapter")).isFalse();
        assertThat(Named.isModel("hf://runs/sft/adapter")).isTrue();
        assertThat(Named.isData("openai/gsm8k/main")).isTrue();
    }
}
