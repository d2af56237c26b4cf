package candor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.Batcher;
import candor.lora.AdapterShape;
import candor.lora.LoraConfig;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.Recomputation;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Needs;
import candor.ops.Room;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.ops.weight.PackedForm;
import candor.ops.weight.Weight;
import candor.train.config.KtoTask;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a plan says, beside what a small run takes, and beside numbers that were worked out by hand for large models. */
class PlanTest {
    private static final long GB = 1_000_000_000;
    private static final long HOST = 64L << 30;

    @TempDir
    Path temp;

    private Settings settings(Method method, String backend) {
        return settings("qwen3", method, backend);
    }

    private Settings settings(String model, Method method, String backend) {
        return GoldenRuns.settings(model, method, temp.resolve(method + "-" + backend))
                .with(TrainSettings.BACKEND, backend)
                .with(
                        TrainSettings.EVAL_DATA,
                        GoldenRuns.golden(model)
                                .resolve((method == Method.FULL ? "sft" : method.word()) + "/train.jsonl")
                                .toString())
                .with(TrainSettings.EVAL_STEPS, "3")
                .with(TrainSettings.MAX_STEPS, "6");
    }

    /**
     * The device's bytes are those that the library has handed out: all of them planned for, and little more planned; with the memory
     * in which a packed weight is made bf16.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "qwen3 | SFT | auto | false | adamw_torch",
                "qwen3 | KTO | auto | false | adamw_8bit",
                "qwen3 | SFT | full=1,selective=1 | false | adamw_torch",
                "qwen3 | SFT | full | true | adamw_8bit",
                "nf4 | SFT | auto | false | adamw_8bit",
                "int8 | SFT | full=1 | false | adamw_torch",
                "fp8 | SFT | full | true | adamw_torch"
            })
    void aRunOnADeviceTakesWhatWasPlanned(String model, Method method, String recompute, boolean away, String optim) {
        EmulatedDevice.assumeThere();
        Settings settings = settings(model, method, "cuda-emulated")
                .with(TrainSettings.RECOMPUTE, recompute)
                .with(TrainSettings.ACTIVATION_OFFLOADING, String.valueOf(away))
                .with(TrainSettings.OPTIM, optim);
        Prepared prepared = Prepared.of(List.of(TrainConfig.of(method, settings)));
        CudaBackend backend = CudaBackend.emulated();
        Counting counted = new Counting(backend);
        Plan plan = Plan.of(prepared, Room.of(HOST, HOST));
        long[] used = {0};
        train(prepared, plan, counted, () -> used[0] = Math.max(used[0], backend.usedBytes()));
        long planned = plan.device().total();
        System.out.printf("%s on a device: %,d bytes used of %s%n", method, used[0], plan.device());
        assertThat(used[0]).isLessThanOrEqualTo(planned).isGreaterThan(planned * 8 / 10);
        Map<String, Long> host = plan.host().bytes();
        long waiting = host.getOrDefault(Plan.WAITING, 0L);
        assertThat(counted.hostWorkspace()).isEqualTo(waiting);
        assertThat(waiting > 0).isEqualTo(away);
    }

    /** Of three layers two have a place; the host copies from as many buffers as it says. */
    @Test
    void aRunWithItsLayersInTurnsTakesWhatWasPlanned() {
        EmulatedDevice.assumeThere();
        Settings settings = GoldenRuns.settings("mistral", Method.SFT, temp.resolve("run"))
                .with(TrainSettings.BACKEND, "cuda-emulated")
                .with(TrainSettings.OFFLOAD_WEIGHTS, "true")
                .with(TrainSettings.MAX_STEPS, "6")
                .with(TrainSettings.RECOMPUTE, "full");
        Prepared prepared = Prepared.of(List.of(TrainConfig.of(Method.SFT, settings)));
        CudaBackend backend = CudaBackend.emulated();
        Counting counted = new Counting(backend);
        Plan plan = Plan.of(prepared, Room.of(HOST, HOST));
        long[] used = {0};
        train(prepared, plan, counted, () -> used[0] = Math.max(used[0], backend.usedBytes()));
        long planned = plan.device().total();
        System.out.printf("layers in turns: %,d bytes used of %s%n", used[0], plan.device());
        assertThat(used[0]).isLessThanOrEqualTo(planned).isGreaterThan(planned * 7 / 10);
        assertThat(plan.device().bytes().get("layers in turns"))
                .isBetween(2 * counted.place(), 2 * counted.place() + 2 * 7 * 256);
        // Each of two micro-batches a step copies a layer up and one down; the first pass finds nothing there, and an
        // epoch's last step
        // may have one alone.
        assertThat(plan.copied()).isBetween(6 * 2 * 2 * 0.9 * counted.place(), 6 * 2 * 2.0 * counted.place());
        assertThat(counted.copied())
                .isBetween((long) plan.copied() * 3 / 4, (long) plan.copied() + 4 * counted.place());
    }

    /** A pass a step for probes that a penalty holds to, one for each of them under the base, and those of readings. */
    @Test
    void passesOfProbesCopyLayersToo() throws IOException {
        EmulatedDevice.assumeThere();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            lines.add("{\"id\":\"p" + i
                    + "\",\"kind\":\"pressure\",\"messages\":[{\"role\":\"user\",\"content\":\"How many? " + i
                    + "\"}],\"truthful\":\"It is " + i + ".\",\"untruthful\":\"It is " + (i + 9) + ".\"}");
        }
        String probes = Files.write(temp.resolve("probes.jsonl"), lines).toString();
        Function<String, Settings> settings = run -> GoldenRuns.settings("mistral", Method.SFT, temp.resolve(run))
                .with(TrainSettings.BACKEND, "cuda-emulated")
                .with(TrainSettings.OFFLOAD_WEIGHTS, "true")
                .with(TrainSettings.MAX_STEPS, "6")
                .with(TrainSettings.RECOMPUTE, "full");
        double without = copied(settings.apply("without"));
        double held = copied(settings.apply("held")
                .with(TrainSettings.PROBE_PENALTY, "0.5")
                .with(TrainSettings.PROBE_PENALTY_DATA, probes)
                .with(TrainSettings.PROBE_PENALTY_BATCH, "2"));
        // Beside two micro-batches, one of probes; and four steps see the eight probes once, which go up alone: three
        // layers.
        assertThat(held)
                .isGreaterThan(without * 3 / 2)
                .isLessThanOrEqualTo(without * (6 * 3 * 2 + 4 * 3) / (6 * 2 * 2));
        double watched = copied(settings.apply("watched")
                .with(TrainSettings.HONESTY_PROBES, probes)
                .with(TrainSettings.HONESTY_PROBE_STEPS, "2"));
        assertThat(watched).isGreaterThan(without);
    }

    /** What was planned, of which what happens is no more, and most of it. */
    private double copied(Settings settings) {
        Prepared prepared = Prepared.of(List.of(TrainConfig.of(Method.SFT, settings)));
        Plan plan = Plan.of(prepared, Room.of(HOST, HOST));
        Counting counted = new Counting(CudaBackend.emulated());
        train(prepared, plan, counted, () -> {});
        System.out.printf(
                "copied %,d of %,.0f planned, a place %,d%n", counted.copied(), plan.copied(), counted.place());
        assertThat(counted.copied())
                .isBetween((long) plan.copied() * 3 / 4, (long) plan.copied() + 4 * counted.place());
        return plan.copied();
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void aRunOnTheProcessorTakesWhatWasPlanned(Method method) {
        takesWhatWasPlanned(method, settings("qwen3", method, "cpu"));
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "FULL"})
    void aRunWithAllThatSavesMemoryTakesWhatWasPlanned(Method method) {
        takesWhatWasPlanned(
                method,
                settings("qwen3", method, "cpu")
                        .with(TrainSettings.RECOMPUTE, "full=1")
                        .with(TrainSettings.ACTIVATION_OFFLOADING, "true")
                        .with(TrainSettings.OPTIM, "adamw_8bit"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nf4", "int8", "fp8"})
    void aRunOverAPackedBaseTakesWhatWasPlanned(String model) {
        takesWhatWasPlanned(Method.SFT, settings(model, Method.SFT, "cpu"));
    }

    /** What is packed as it is loaded is in no file: it is in this machine's memory, also where a device computes. */
    @ParameterizedTest
    @EnumSource(PackedForm.class)
    void whatIsPackedAsItIsLoadedStaysOnTheHost(PackedForm form) {
        EmulatedDevice.assumeThere();
        Path model = Path.of(settings("qwen3", Method.SFT, "cpu").get(TrainSettings.MODEL));
        long packed;
        try (Weights weights = Weights.load(model, form)) {
            packed = weights.layers().stream()
                    .flatMap(layer -> Arrays.stream(Projection.values()).map(layer::weight))
                    .mapToLong(Weight::bytes)
                    .sum();
        }
        for (String backend : List.of("cpu", "cuda-emulated")) {
            Settings settings = settings("qwen3", Method.SFT, backend).with(TrainSettings.WEIGHTS, form.text());
            Plan plan = Plan.of(Prepared.of(List.of(TrainConfig.of(Method.SFT, settings))), Room.of(HOST, HOST));
            assertThat(plan.host().bytes()).as(backend).containsEntry("weights (packed)", packed);
        }
        Settings stored = settings(form.text(), Method.SFT, "cpu");
        Plan plan = Plan.of(Prepared.of(List.of(TrainConfig.of(Method.SFT, stored))), Room.of(HOST, 0));
        assertThat(plan.host().bytes()).doesNotContainKey("weights (packed)");
    }

    private static void takesWhatWasPlanned(Method method, Settings settings) {
        Prepared prepared = Prepared.of(List.of(TrainConfig.of(method, settings)));
        CpuBackend processor = new CpuBackend(1);
        Counting counted = new Counting(processor);
        Plan plan = Plan.of(prepared, Room.of(HOST, 0));
        train(prepared, plan, counted, () -> {});
        Map<String, Long> bytes = plan.host().bytes();
        long trained = bytes.entrySet().stream()
                .filter(entry ->
                        entry.getKey().endsWith("gradients") || entry.getKey().equals("optimiser"))
                .mapToLong(Map.Entry::getValue)
                .sum();
        assertThat(counted.allocated()).isEqualTo(trained);
        assertThat(counted.workspace()).isEqualTo(bytes.get("activations"));
        long scratch = bytes.get("scratch");
        System.out.printf("%s: %,d bytes of scratch used of %,d%n", method, processor.scratchBytes(), scratch);
        assertThat(processor.scratchBytes()).isLessThanOrEqualTo(scratch);
    }

    private static void train(Prepared prepared, Plan plan, Backend backend, Runnable step) {
        TrainListener listener = new TrainListener() {
            @Override
            public void step(Run run, Map<String, Number> metrics) {
                step.run();
            }
        };
        try (Session session = Session.open(prepared, plan, Map.of("candor", "test"), () -> backend)) {
            assertThat(session.train(listener, GoldenRuns.NEVER)).containsOnly(new Outcome.Done(6));
        }
    }

    /** A model of which there is nothing but config.json, and one row of this many tokens. */
    private Prepared shapes(String json, int tokens) throws IOException {
        return shapes(json, tokens, "full");
    }

    private Prepared shapes(String json, int tokens, String recompute) throws IOException {
        return shapes(json, tokens, settings -> settings.with(TrainSettings.RECOMPUTE, recompute));
    }

    private Prepared shapes(String json, int tokens, UnaryOperator<Settings> more) throws IOException {
        ModelConfig model = ModelConfig.read(Files.writeString(temp.resolve("config.json"), json));
        TrainConfig config = TrainConfig.of(
                Method.SFT,
                more.apply(settings("qwen3", Method.SFT, "cuda")
                        .with(TrainSettings.MAX_LENGTH, String.valueOf(tokens))
                        .with(TrainSettings.PACKING, "true")
                        .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1")
                        .with(TrainSettings.RECOMPUTE, "full")
                        .with(TrainSettings.LORA_RANK, "16")));
        Prepared small = Prepared.toPlanWithoutFolders(List.of(config));
        Prepared.One run = small.runs().getFirst();
        LoraConfig lora = run.lora().uniform();
        assertThat(lora.rank()).isEqualTo(16);
        return new Prepared(model, List.of(over(run, model)), List.of());
    }

    /** The same run over another model. */
    private static Prepared.One over(Prepared.One run, ModelConfig model) {
        return new Prepared.One(
                run.config(),
                run.data(),
                run.heldOut(),
                run.probing(),
                AdapterShape.of(model, run.lora().uniform()),
                run.record(),
                run.inputs(),
                run.from(),
                run.watching());
    }

    private static final String QWEN3_32B = """
        {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 5120, "intermediate_size": 25600,
         "num_hidden_layers": 64, "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128,
         "vocab_size": 151936, "max_position_embeddings": 40960, "rms_norm_eps": 1e-6, "rope_theta": 1000000,
         "tie_word_embeddings": false, "hidden_act": "silu", "torch_dtype": "bfloat16", "attention_bias": false}
        """;

    private static final String LLAMA_8B = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
         "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
         "vocab_size": 128256, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000,
         "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                          "original_max_position_embeddings": 8192},
         "tie_word_embeddings": false, "hidden_act": "silu", "torch_dtype": "bfloat16", "attention_bias": false}
        """;

    /** 65.5 GB of weights: on a device of 141 GB beside all else, on a host of 64 GiB that keeps none of them. */
    @Test
    void qwen3Of32BillionFitsAnH200() throws IOException {
        Prepared prepared = shapes(QWEN3_32B, 4096);
        Plan plan = Plan.of(prepared, Room.planned(HOST, 141 * GB));
        // Per layer: q and o 2·5120·8192, k and v 2·5120·1024, gate, up, down 3·5120·25600; embedding and head
        // 2·151936·5120.
        long matrices = 64L * (2L * 5120 * 8192 + 2L * 5120 * 1024 + 3L * 5120 * 25600) + 2L * 151936 * 5120;
        // Norms: 2·5120 + 2·128 in a layer, 5120 at the end, float32. Rotations: 4096 positions of 128 float32.
        long vectors = 64L * (2 * 5120 + 2 * 128) + 5120;
        assertThat(matrices + vectors).isEqualTo(32_762_123_264L);
        Map<String, Long> device = plan.device().bytes();
        assertThat(device).containsEntry("weights", 2 * matrices + 4 * vectors + 4L * 4096 * 128);
        // Rank 16 on all linear layers: 16·(I + O) each.
        long adapter = 64L * 16 * (2L * (5120 + 8192) + 2L * (5120 + 1024) + 3L * (5120 + 25600));
        assertThat(adapter).isEqualTo(134_217_728L);
        assertThat(device)
                .containsEntry("adapters and gradients", 2 * 4 * adapter)
                .containsEntry("optimiser", 2 * 4 * adapter);
        // The stream before each layer and behind the last, bf16, and more than that for one layer and the head.
        assertThat(device.get("activations")).isBetween(65L * 4096 * 5120 * 2, 8 * GB);
        assertThat(plan.host().bytes()).doesNotContainKey("weights (mapped)");
        // Of two micro-batches one waits while the other is computed.
        assertThat(device).containsEntry("gradient sums", 4 * adapter);
        assertThat(plan.sumsNear()).isTrue();
        assertThat(plan.host().total()).isLessThan(GB);
        // Where it does not fit there it waits on the host, beside the other as that comes; nothing is computed again
        // for it.
        Plan tight = Plan.of(prepared, Room.planned(HOST, plan.device().total() - 1));
        assertThat(tight.sumsNear()).isFalse();
        assertThat(tight.recomputation().layers())
                .isEqualTo(plan.recomputation().layers());
        assertThat(tight.device().bytes()).doesNotContainKey("gradient sums");
        assertThat(tight.host().bytes()).containsEntry("gradient sums", 2 * 4 * adapter);
    }

    /** "A 32B trains on a 24-GB card, slowly": two layers are there at a time, and all but two are copied each way. */
    @Test
    void qwen3Of32BillionFits24GigabytesWithItsLayersOnTheHost() throws IOException {
        long layer = 2 * (2L * 5120 * 8192 + 2L * 5120 * 1024 + 3L * 5120 * 25600);
        Prepared stays = shapes(QWEN3_32B, 4096);
        assertThatThrownBy(() -> Plan.of(stays, Room.planned(HOST, 24 * GB)))
                .hasMessageContaining("; or offload_weights recompute full: single rows fit (");
        Plan plan = Plan.of(
                shapes(QWEN3_32B, 4096, settings -> settings.with(TrainSettings.OFFLOAD_WEIGHTS, "true")
                        .with(TrainSettings.RECOMPUTE, "auto")),
                Room.planned(HOST, 24 * GB));
        System.out.printf(
                "32B on 24 GB: %,d MiB, recompute %s; host %,d MiB; copied %,d MiB a step%n",
                Math.ceilDiv(plan.device().total(), 1L << 20),
                plan.recomputation().text(),
                Math.ceilDiv(plan.host().total(), 1L << 20),
                (long) plan.copied() / plan.steps() >> 20);
        Map<String, Long> device = plan.device().bytes();
        assertThat(device.get("weights")).isBetween(2 * 2L * 151936 * 5120, 2 * 2L * 151936 * 5120 + (8L << 20));
        assertThat(device.get("layers in turns")).isBetween(2 * layer, 2 * layer + (1L << 16));
        assertThat(plan.host().bytes()).containsEntry("layers (mapped)", 64 * layer);
        assertThat(plan.host().bytes().get("staging")).isBetween(3 * layer, 3 * layer + (9L << 20));
        // Two micro-batches a step; the rest is held-out rows, which go up alone.
        double evaluations = plan.copied() - (double) plan.steps() * 2 * 2 * 62 * layer;
        assertThat(evaluations).isPositive();
        assertThat(evaluations % (64.0 * layer)).isZero();
    }

    @Test
    void llamaOf8BillionFits24GigabytesAndNot16() throws IOException {
        Prepared prepared = shapes(LLAMA_8B, 2048);
        Plan plan = Plan.of(prepared, Room.planned(HOST, 24 * GB));
        // Per layer: q and o 2·4096², k and v 2·4096·1024, gate, up, down 3·4096·14336; embedding and head
        // 2·128256·4096.
        long matrices = 32L * (2L * 4096 * 4096 + 2L * 4096 * 1024 + 3L * 4096 * 14336) + 2L * 128256 * 4096;
        long vectors = 32L * 2 * 4096 + 4096;
        assertThat(matrices + vectors).isEqualTo(8_030_261_248L);
        assertThat(plan.device().bytes()).containsEntry("weights", 2 * matrices + 4 * vectors + 4L * 2048 * 128);
        assertThat(plan.device().total()).isBetween(17 * GB, 21 * GB);
        assertThatThrownBy(() -> Plan.of(prepared, Room.planned(HOST, 16 * GB)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("of the GPU's memory")
                .hasMessageContaining("weights 15,")
                .hasMessageContaining(
                        "take a smaller model, a lower lora_rank, fewer runs at once, or a GPU with more");
    }

    private static final String QWEN_HALF_BILLION = """
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
         "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
         "vocab_size": 151936, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
         "tie_word_embeddings": true, "hidden_act": "silu", "torch_dtype": "bfloat16", "use_sliding_window": false}
        """;

    private static String inNf4(String json) {
        return json.strip().replaceFirst("}\\s*$", """
            , "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true, "load_in_8bit": false,
             "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": true, "bnb_4bit_quant_storage": "uint8"}}
            """);
    }

    /** What README's table begins with: layers are computed again as far as it takes, and no further. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "QWEN3_32B | false | 141 | 8192",
                "LLAMA_8B | false | 141 | 32768",
                "LLAMA_8B | true | 12 | 2048",
                "QWEN_HALF_BILLION | true | 2 | 1024"
            })
    void largeModelsFitWithSomeOfTheirLayersComputedAgain(String name, boolean packed, long gigabytes, int tokens)
            throws IOException {
        String plain = Map.of("QWEN3_32B", QWEN3_32B, "LLAMA_8B", LLAMA_8B, "QWEN_HALF_BILLION", QWEN_HALF_BILLION)
                .get(name);
        String json = packed ? inNf4(plain) : plain;
        long room = gigabytes * GB;
        Plan plan = Plan.of(shapes(json, tokens, "auto"), Room.planned(HOST, room));
        assertThat(plan.recomputation().text()).contains("=");
        assertThat(plan.device().total()).isBetween(room * 19 / 20, room);
        assertThatThrownBy(() -> Plan.of(shapes(json, tokens, "none"), Room.planned(HOST, room)))
                .hasMessageContaining("of the GPU's memory with recompute none");
        Needs all =
                Plan.of(shapes(json, tokens, "full"), Room.planned(HOST, room)).device();
        assertThat(all.total()).isLessThan(plan.device().total());
    }

    /** Logits of 4,096 rows over 151,936 tokens, where a device has room beside all that layers keep, and only there. */
    @ParameterizedTest
    @CsvSource({"auto, true", "none, true", "full, false"})
    void largeLogitsAreKeptWhereThereIsRoom(String recompute, boolean kept) throws IOException {
        Plan plan = Plan.of(shapes(QWEN3_32B, 4096, recompute), Room.planned(HOST, 141 * GB));
        assertThat(plan.recomputation().logits()).isEqualTo(kept);
        if (kept) {
            long total = plan.device().total();
            Plan less = Plan.of(shapes(QWEN3_32B, 4096, recompute), Room.planned(HOST, total - 1));
            assertThat(less.recomputation()).isEqualTo(Recomputation.all(Recompute.NONE, 64));
            assertThat(total - less.device().total()).isEqualTo(4096L * 151936 * 4);
        }
    }

    @Test
    void theHostMayBeWhatIsTooSmall() throws IOException {
        Prepared prepared = shapes(LLAMA_8B, 2048);
        assertThatThrownBy(() -> Plan.of(prepared, Room.planned(256L << 20, 141 * GB)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("of this machine's memory")
                .hasMessageContaining("a machine with more memory");
    }

    @Test
    void onADeviceRowsAreCutAndMoreIsComputedAgain() throws IOException {
        Prepared prepared = shapes(LLAMA_8B, 2048);
        Needs device = Plan.of(prepared, Room.planned(HOST, 141 * GB)).device();
        TrainConfig free = TrainConfig.of(
                Method.SFT,
                settings("qwen3", Method.SFT, "cuda")
                        .with(TrainSettings.MAX_LENGTH, "2048")
                        .with(TrainSettings.PACKING, "true")
                        .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "8"));
        Prepared large = new Prepared(
                prepared.model(),
                List.of(over(Prepared.toPlanWithoutFolders(List.of(free)).runs().getFirst(), prepared.model())),
                List.of());
        assertThat(Plan.of(large, Room.planned(HOST, 141 * GB)).recomputation().text())
                .isEqualTo("none");
        assertThatThrownBy(() -> Plan.of(large, Room.planned(HOST, device.total())))
                .hasMessageContaining("of the GPU's memory")
                .hasMessageContaining("recompute full activation_offloading per_device_train_batch_size 2");
    }

    /** Seven rows of data are so many tokens an epoch; held-out rows go forward every third step, pairs of KTO besides. */
    @Test
    void tokensAreCountedWithEvaluationsAndPairs() {
        Prepared sft = Prepared.toPlanWithoutFolders(
                List.of(TrainConfig.of(Method.SFT, settings("qwen3", Method.SFT, "cpu"))));
        Prepared.One run = sft.runs().getFirst();
        double epoch = Arrays.stream(run.data().lengths()).sum();
        double steps = new Batcher(run.data().lengths(), run.config().batcher()).stepsIn(1);
        Plan plan = Plan.of(sft, Room.of(HOST, 0));
        assertThat(plan.tokens()).isEqualTo(epoch * 6 / steps);
        assertThat(plan.freeTokens())
                .isEqualTo(2.0 * Arrays.stream(run.heldOut().lengths()).sum());
        Prepared kto = Prepared.toPlanWithoutFolders(
                List.of(TrainConfig.of(Method.KTO, settings("qwen3", Method.KTO, "cpu"))));
        Prepared.One other = kto.runs().getFirst();
        double all = Plan.of(kto, Room.of(HOST, 0)).tokens();
        assertThat(Plan.of(kto, Room.of(HOST, 0)).freeTokens()).isEqualTo(freeTokens(other, 1, 2, all));
        Prepared redrawn = Prepared.toPlanWithoutFolders(List.of(
                TrainConfig.of(Method.KTO, settings("qwen3", Method.KTO, "cpu").with(KtoTask.KL_PAIRING, "step"))));
        assertThat(Plan.of(redrawn, Room.of(HOST, 0)).freeTokens()).isEqualTo(freeTokens(other, 2, 1, all));
    }

    /** Two evaluations: rows and pairs under the policy in both, under the reference in the first. */
    private static double freeTokens(Prepared.One run, int anew, int once, double all) {
        return anew * all
                + once * Arrays.stream(run.data().lengths()).asDoubleStream().sum()
                + (2 * 2 + 2)
                        * Arrays.stream(run.heldOut().lengths())
                                .asDoubleStream()
                                .sum();
    }
}
