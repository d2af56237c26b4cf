package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WantedTest {
    private static final RepoName REPO = RepoName.of(RepoKind.DATASET, "org/rows");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.safetensors",
                "tokenizer.json",
                "tokenizer.model",
                "tokenizer.model.v3",
                "spiece.model",
                "sentencepiece.bpe.model",
                "chat_template.jinja",
                "LICENSE",
                "data/train.jsonl.gz",
                "rows.csv.zst"
            })
    void whatIsReadAsDataIsSafe(String path) {
        assertThat(Wanted.isSafe(path)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pytorch_model.bin",
                "modeling.py",
                "tokenizer.model.py",
                "tokenizer.model.pkl",
                "tokenizer.model.v3.exe",
                "word2vec.model",
                "loader.py.gz",
                ".gitattributes",
                ".vscode/tasks.json",
                "data/.idea/run.json"
            })
    void whatMayRunIsNot(String path) {
        assertThat(Wanted.isSafe(path)).isFalse();
    }

    private static RepoFile file(String path) {
        return new RepoFile(path, 1, "0".repeat(40), null, null);
    }

    /** The values are those of Python's fnmatch.fnmatchcase. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "data/*         | data/a/b.json  | true",
                "*.json         | data/a/b.json  | true",
                "data/          | data/a/b.json  | true",
                "dat?/a*        | data/a/b.json  | true",
                "data?a/b.json  | data/a/b.json  | true",
                "data           | data/a/b.json  | false",
                "[a-d]ata/*     | data/a/b.json  | true",
                "[!a-d]ata/*    | data/a/b.json  | false",
                "[^d]ata/*      | data/a/b.json  | true",
                "[x]ata/*       | data/a/b.json  | false",
                "a[[]1].json    | a[1].json      | true",
                "a[1].json      | a[1].json      | false",
                "[a.json        | [a.json        | true",
                "{a,b}.json     | a.json         | false",
                "größe/?.json   | größe/😀.json  | true",
                "größe/😀.*     | größe/😀.json  | true",
            })
    void globsAreThoseOfPython(String glob, String path, boolean matches) {
        if (matches) {
            assertThat(Wanted.of(REPO, List.of(file(path)), List.of(glob))).containsExactly(file(path));
        } else {
            assertThatThrownBy(() -> Wanted.of(REPO, List.of(file(path)), List.of(glob)))
                    .hasMessageContaining("has no file " + glob);
        }
    }

    @Test
    void aRangeThatRunsBackwardsIsNotAGlob() {
        assertThatThrownBy(() -> Wanted.of(REPO, List.of(file("a.json")), List.of("[z-a].json")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("--include [z-a].json: is not a glob");
    }
}
