package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;

import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.Sampling;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.model.CheckpointWriter;
import candor.model.ModelFolder;
import candor.model.Recompute;
import candor.model.SafetensorsWriter.Spec;
import candor.model.StoredTensors;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checkpoints with packed weights on the emulated device: they train to the bytes, and say the tokens, of the checkpoint that has
 * the same numbers in bf16.
 */
class CudaPackedRunTest {
    @TempDir
    Path temp;

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    @ParameterizedTest
    @CsvSource({"nf4, SFT", "nf4, KTO", "int8, SFT", "fp8, SFT"})
    void aRunIsThatOfItsNumbersAndAResumeLeavesNoTrace(String golden, Method method) throws IOException {
        Path whole = temp.resolve("whole");
        train(method, settings(golden, method, whole));
        Path plain = temp.resolve("plain");
        train(
                method,
                settings(golden, method, plain)
                        .with(TrainSettings.MODEL, inBf16(golden).toString()));
        assertThat(adapter(whole)).isEqualTo(adapter(plain));
        assertThat(metrics(whole)).isEqualTo(metrics(plain)).hasSizeGreaterThan(1);

        Path run = temp.resolve("run");
        Settings settings = settings(golden, method, run);
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 3, TrainConfig.of(method, settings));
        assertThat(run.resolve("adapter")).doesNotExist();
        train(method, settings.with(TrainSettings.RESUME, "true"));
        assertThat(adapter(run)).isEqualTo(adapter(whole));
        assertThat(metrics(run)).isEqualTo(metrics(whole));
    }

    /** Many rows for the prompts, which the weights are made bf16 for, then few, which read them as they are. */
    @ParameterizedTest
    @ValueSource(strings = {"nf4", "int8", "fp8"})
    void answersAreThoseOfItsNumbers(String golden) throws IOException {
        List<Completion> packed = answers(GoldenRuns.golden(golden).resolve("model"));
        List<Completion> plain = answers(inBf16(golden));
        for (int i = 0; i < packed.size(); i++) {
            assertThat(packed.get(i).tokens()).isEqualTo(plain.get(i).tokens());
            assertThat(packed.get(i).logProbs()).isEqualTo(plain.get(i).logProbs());
        }
        assertThat(packed.stream().mapToInt(one -> one.tokens().length).sum()).isGreaterThan(packed.size());
    }

    private static Settings settings(String golden, Method method, Path output) {
        return GoldenRuns.settings(golden, method, output).with(TrainSettings.BACKEND, "cuda-emulated");
    }

    private static List<Completion> answers(Path model) {
        try (CudaBackend backend = CudaBackend.emulated();
                Weights weights = Weights.load(model);
                CausalLm lm = new CausalLm(backend, weights, Recompute.NONE, 64);
                Generator generator = new Generator(
                        lm, new AdapterBank(weights.config(), 1), null, new Generator.Settings(8, 64, 1 << 20))) {
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int start = 7 + i;
                int[] prompt = IntStream.range(0, 5 + 12 * i)
                        .map(t -> start + 31 * t % 400)
                        .toArray();
                requests.add(new Request(prompt, Batch.BASE, Sampling.GREEDY, i, 12, List.of(), List.of(), true));
            }
            Completion[] done = new Completion[requests.size()];
            generator.run(
                    requests.iterator(),
                    (request, completion) -> done[requests.indexOf(request)] = completion,
                    () -> false);
            return List.of(done);
        }
    }

    /** A checkpoint of the numbers that another's packed weights stand for. */
    private Path inBf16(String golden) throws IOException {
        Path from = GoldenRuns.golden(golden).resolve("model");
        Path to = Files.createDirectory(temp.resolve("bf16"));
        try (var files = Files.list(from)) {
            for (Path file : files.filter(each -> !each.toString().endsWith(".safetensors"))
                    .toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        ObjectMapper json = new ObjectMapper();
        ObjectNode config =
                (ObjectNode) json.readTree(to.resolve(ModelFolder.CONFIG).toFile());
        assertThat(config.remove("quantization_config")).isNotNull();
        json.writeValue(to.resolve(ModelFolder.CONFIG).toFile(), config);
        try (Arena arena = Arena.ofShared()) {
            StoredTensors stored = StoredTensors.open(ModelFolder.at(from), null, arena);
            CheckpointWriter.write(to, stored.specs(), Long.MAX_VALUE, (spec, memory) -> tensor(stored, spec, memory));
        }
        return to;
    }

    private static Tensor tensor(StoredTensors stored, Spec spec, Arena memory) {
        StoredWeight weight = stored.weight(spec.name(), memory);
        Tensor tensor = Tensor.allocate(memory, spec.dtype(), spec.rows(), spec.cols());
        for (int row = 0; row < spec.rows(); row++) {
            for (int col = 0; col < spec.cols(); col++) {
                tensor.set(row, col, weight.get(row, col));
            }
        }
        return tensor;
    }
}
