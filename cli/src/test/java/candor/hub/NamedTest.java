package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NamedTest {
    @TempDir
    private Path folder;

    private HubServer server;
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void serve() throws IOException {
        server = new HubServer();
        server.model("org/tiny")
                .small("config.json", "{}")
                .small("tokenizer.json", "{}")
                .small("sub/adapter_config.json", "{}")
                .large("sub/adapter_model.safetensors", new byte[5])
                .large("model.safetensors", new byte[3000]);
        server.dataset("org/rows")
                .small("README.md", "# rows")
                .small("data/train-00000-of-00002.jsonl", "{\"n\": 1}")
                .small("data/train-00001-of-00002.jsonl", "{\"n\": 2}")
                .small("data/test-00000-of-00001.jsonl", "{\"n\": 3}");
    }

    @AfterEach
    void end() throws IOException {
        server.close();
    }

    private Named named(boolean offline) {
        return new Named(
                new HubSettings(
                        URI.create(server.url()), folder, Optional.empty(), offline, true, Duration.ofSeconds(2)),
                new Surroundings(
                        notes::add,
                        Surroundings.Progress.NONE,
                        () -> false,
                        (duration, stop) -> {},
                        any -> Long.MAX_VALUE));
    }

    private Path snapshot(String repository) {
        return folder.resolve(repository).resolve("snapshots").resolve(HubServer.COMMIT);
    }

    @Test
    void aModelIsFetchedOnceAndThenTakenFromTheCache() {
        try (Named named = named(false)) {
            assertThat(named.model("org/tiny")).isEqualTo(snapshot("models--org--tiny"));
        }
        int before = server.received().size();
        try (Named named = named(false)) {
            assertThat(named.model("org/tiny").resolve("model.safetensors")).hasSize(3000);
        }
        try (Named named = named(true)) {
            assertThat(named.model("org/tiny")).isDirectory();
        }
        assertThat(server.received()).hasSize(before);
        assertThat(notes.getFirst()).contains("downloaded");
        assertThat(notes.getLast()).contains("from the cache", "candor download org/tiny");
    }

    @Test
    void anAdapterMayBeInAFolderOfARepository() {
        try (Named named = named(false)) {
            Path adapter = named.model("hf://org/tiny/sub");
            assertThat(adapter).isEqualTo(snapshot("models--org--tiny").resolve("sub"));
            assertThat(adapter.resolve("adapter_model.safetensors")).hasSize(5);
        }
        assertThat(server.transfers("model.safetensors")).isEmpty();
    }

    @Test
    void aTokenizerComesWithoutWeights() {
        try (Named named = named(false)) {
            assertThat(named.tokenizer("org/tiny").resolve("tokenizer.json")).hasContent("{}");
        }
        assertThat(server.transfers("model.safetensors")).isEmpty();
        // What is there of it is not a model yet.
        try (Named named = named(true)) {
            assertThatThrownBy(() -> named.model("org/tiny"))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("HF_HUB_OFFLINE forbids");
        }
    }

    @Test
    void rowsOfASplitAreFetchedAndNoOthers() {
        try (Named named = named(false)) {
            assertThat(named.data("org/rows", Split.TRAIN))
                    .containsExactly(
                            snapshot("datasets--org--rows").resolve("data/train-00000-of-00002.jsonl"),
                            snapshot("datasets--org--rows").resolve("data/train-00001-of-00002.jsonl"))
                    .allSatisfy(file -> assertThat(file).isRegularFile());
            assertThat(server.transfers("test-00000-of-00001.jsonl")).isEmpty();
            assertThat(named.data("org/rows", Split.TEST)).hasSize(1);
            assertThat(named.data("org/rows/data/train-00001-of-00002.jsonl", Split.TEST)
                            .getFirst())
                    .hasContent("{\"n\": 2}");
        }
        int before = server.received().size();
        try (Named named = named(false)) {
            assertThat(named.data("org/rows", Split.TRAIN)).hasSize(2);
        }
        assertThat(server.received()).hasSize(before);
    }

    /**
     * What huggingface_hub 0.x and 1.x leave: no list of files (trees). The names are facts of its layout, not of its code.
     */
    @Test
    void aCacheWithoutListsIsUsedAsItIs() throws IOException {
        Path model = snapshot("models--org--other");
        Path blobs = Files.createDirectories(folder.resolve("models--org--other/blobs"));
        Files.createDirectories(model);
        Files.createDirectories(folder.resolve("models--org--other/refs"));
        Files.writeString(folder.resolve("models--org--other/refs/main"), HubServer.COMMIT);
        for (String name : List.of("config.json", "tokenizer.json")) {
            Files.writeString(blobs.resolve("e-" + name), "{}");
            Files.createSymbolicLink(model.resolve(name), Path.of("../../blobs/e-" + name));
        }
        Files.writeString(
                model.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\", \"b\":"
                        + " \"model-00002-of-00002.safetensors\"}}");
        Files.createFile(model.resolve("model-00001-of-00002.safetensors"));
        try (Named named = named(true)) {
            assertThatThrownBy(() -> named.model("org/other"))
                    .hasMessageContaining("is not, or not whole, in Hugging Face's cache");
        }
        Files.createFile(model.resolve("model-00002-of-00002.safetensors"));
        try (Named named = named(true)) {
            assertThat(named.model("org/other")).isEqualTo(model);
            assertThat(named.model("org/other@" + HubServer.COMMIT)).isEqualTo(model);
        }
        Path rows = Files.createDirectories(snapshot("datasets--org--lines"));
        Files.createDirectories(folder.resolve("datasets--org--lines/refs"));
        Files.writeString(folder.resolve("datasets--org--lines/refs/main"), HubServer.COMMIT);
        Files.writeString(rows.resolve("train.jsonl"), "{}");
        try (Named named = named(true)) {
            assertThat(named.data("org/lines", Split.TRAIN)).containsExactly(rows.resolve("train.jsonl"));
        }
        assertThat(server.received()).isEmpty();
    }

    /** An index comes from a stranger, too. */
    @ParameterizedTest
    @ValueSource(strings = {"a\\u0000b.safetensors", "../../../outside.safetensors"})
    void anIndexThatNamesWhatNoFileIsCalledIsRefused(String file) throws IOException {
        Path model = Files.createDirectories(snapshot("models--org--other"));
        Files.createDirectories(folder.resolve("models--org--other/refs"));
        Files.writeString(folder.resolve("models--org--other/refs/main"), HubServer.COMMIT);
        Files.writeString(model.resolve("config.json"), "{}");
        Files.writeString(model.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"" + file + "\"}}");
        try (Named named = named(true)) {
            assertThatThrownBy(() -> named.model("org/other"))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("org/other: has a file with the name");
        }
    }

    @Test
    void aPathThatIsHereIsItself() {
        try (Named named = named(false)) {
            assertThat(named.model("src/main")).isEqualTo(Path.of("src/main"));
            assertThat(named.data("src/main/none.jsonl", Split.TRAIN)).containsExactly(Path.of("src/main/none.jsonl"));
        }
        assertThat(server.received()).isEmpty();
    }

    @Test
    void whereBothAreThereTheOtherIsNamed() throws IOException {
        Files.createDirectories(folder.resolve("models--src--main"));
        try (Named named = named(false)) {
            assertThat(named.model("src/main")).isEqualTo(Path.of("src/main"));
        }
        assertThat(notes)
                .containsExactly("src/main: the one in this folder is taken, not the Hub's, which is hf://src/main");
    }

    @Test
    void aNameThatIsNowhereSaysSo() {
        try (Named named = named(false)) {
            assertThatThrownBy(() -> named.model("org/nope"))
                    .hasMessageContaining("there is no such model")
                    .hasMessageContaining("there is no folder org/nope here, either");
            assertThatThrownBy(() -> named.model("hf://datasets/org/rows")).hasMessageContaining("is a data set");
            assertThatThrownBy(() -> named.data("hf://models/org/tiny", Split.TRAIN))
                    .hasMessageContaining("is a model");
        }
    }

    @Test
    void everyPresetNamesItsFilesAndTheCommandThatTakesThem() {
        for (Preset preset : Preset.values()) {
            String file =
                    switch (preset) {
                        case MASK -> "provided_facts/test-00000-of-00001.parquet";
                        case DECEPTIONBENCH -> "deceptionbench_0527.json";
                        case MMLU -> "all/test-00000-of-00001.parquet";
                        case GSM8K -> "main/test-00000-of-00001.parquet";
                        case HUMANEVAL -> "openai_humaneval/test-00000-of-00001.parquet";
                        case GPQA -> "gpqa_diamond.csv";
                        case ALPACA_CLEANED -> "alpaca_data_cleaned.json";
                        case DOLLY -> "databricks-dolly-15k.jsonl";
                    };
            server.dataset(preset.repo().name())
                    .small(file, "{}")
                    .small("README.md", "card")
                    .small("loader.py", "");
            try (Download download = new Download(
                    new HubSettings(
                            URI.create(server.url()), folder, Optional.empty(), false, true, Duration.ofSeconds(2)),
                    new Surroundings(notes::add, Surroundings.Progress.NONE, () -> false))) {
                Download.Chosen chosen = download.choose(download.list(preset.repo()), preset.includes());
                assertThat(chosen.listing().paths()).contains("loader.py");
                assertThat(chosen.files()).extracting(RepoFile::path).containsExactlyInAnyOrder(file, "README.md");
                assertThat(preset.next(chosen))
                        .contains(" --data " + preset.repo().name() + "/" + file + " ");
            }
            assertThat(Preset.of(preset.word())).contains(preset);
        }
    }

    @Test
    void aPresetWhoseFilesAreElsewhereNowSaysSo() {
        server.dataset("cais/mmlu").small("README.md", "card").small("data/test.parquet", "{}");
        try (Download download = new Download(
                new HubSettings(URI.create(server.url()), folder, Optional.empty(), false, true, Duration.ofSeconds(2)),
                new Surroundings(notes::add, Surroundings.Progress.NONE, () -> false))) {
            Download.Chosen chosen = download.choose(download.list(Preset.MMLU.repo()), Preset.MMLU.includes());
            assertThatThrownBy(() -> Preset.MMLU.next(chosen))
                    .isInstanceOf(BadInput.class)
                    .hasMessage("cais/mmlu: has none of the files that --preset mmlu knows; it holds README.md,"
                            + " data/test.parquet; choose of them with --dataset cais/mmlu --include GLOB, and"
                            + " give them to: eval mmlu --data FILES --output eval/mmlu");
        }
    }
}
