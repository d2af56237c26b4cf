package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.util.List;
import org.junit.jupiter.api.Test;

class DataFilesTest {
    private static List<String> of(String repo, Split split, String... paths) {
        return DataFiles.of(RepoName.of(RepoKind.DATASET, repo), List.of(paths), split);
    }

    @Test
    void theOnlyFileIsMeant() {
        assertThat(of("o/n", Split.TRAIN, "README.md", "dataset_infos.json", "rows.jsonl"))
                .containsExactly("rows.jsonl");
        assertThat(of("o/n", Split.TEST, "rows.json.gz", "loader.py")).containsExactly("rows.json.gz");
    }

    @Test
    void theSplitIsToldByItsWord() {
        String[] paths = {
            "data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-00000-of-00001.parquet"
        };
        assertThat(of("o/n", Split.TRAIN, paths)).containsExactly(paths[0], paths[1]);
        assertThat(of("o/n", Split.TEST, paths)).containsExactly(paths[2]);
        assertThat(of("o/n", Split.VALIDATION, paths)).containsExactly(paths[2]);
        assertThat(of("o/n", Split.VALIDATION, "train.csv", "dev.csv", "test.csv"))
                .containsExactly("dev.csv");
        assertThat(of("o/n", Split.TEST, "train.csv", "valid.csv")).containsExactly("valid.csv");
        // "training" within another word says nothing.
        assertThat(of("o/n", Split.TRAIN, "trainable.jsonl")).containsExactly("trainable.jsonl");
    }

    @Test
    void aFileOrFolderIsPicked() {
        String[] paths = {"main/train-00000-of-00001.parquet", "main/test-00000-of-00001.parquet", "other/train.jsonl"};
        assertThat(of("o/n/other/train.jsonl", Split.TEST, paths)).containsExactly("other/train.jsonl");
        assertThat(of("o/n/main", Split.TRAIN, paths)).containsExactly(paths[0]);
        assertThat(of("o/n/main", Split.TEST, paths)).containsExactly(paths[1]);
    }

    @Test
    void whatIsNotClearIsListed() {
        String[] paths = {"main/train-00000-of-00001.parquet", "socratic/train-00000-of-00001.parquet"};
        assertThatThrownBy(() -> of("o/n", Split.TRAIN, paths))
                .isInstanceOf(BadInput.class)
                .hasMessage("o/n: has several files; give one of o/n/main/train-00000-of-00001.parquet,"
                        + " o/n/socratic/train-00000-of-00001.parquet");
        assertThatThrownBy(() -> of("o/n", Split.TRAIN, "test.csv")).hasMessageContaining("o/n/test.csv");
        assertThatThrownBy(() -> of("o/n@v2", Split.TRAIN, "a.csv", "b.csv")).hasMessageContaining("o/n@v2/a.csv");
        assertThatThrownBy(() -> of("o/n/nope", Split.TRAIN, paths)).hasMessageContaining("has no nope; give one of");
        assertThatThrownBy(() -> of("o/n", Split.TRAIN, "a.txt", "b.py"))
                .hasMessageContaining("no JSONL, JSON, CSV or Parquet");
        assertThatThrownBy(() -> of("o/n/README.md", Split.TRAIN, "README.md", "a.csv"))
                .hasMessageContaining("not a file of data");
    }
}
