package candor.export;

import candor.BadInput;
import candor.export.gguf.GgmlType;
import candor.export.gguf.GgufTensor;
import candor.export.gguf.GgufValue;
import candor.export.gguf.GgufWriter;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.merge.FoldedWeights;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.SafetensorsWriter.Spec;
import candor.model.StoredTensors;
import candor.model.Weights;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.text.ChatTemplate;
import candor.text.TemplateChoice;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Writes a model as one GGUF file, with or without an adapter folded into its weights: what llama.cpp needs to answer, tokenizer and
 * chat template included. One tensor is in memory at a time; the same model makes the same bytes.
 */
public final class GgufExport {
    private static final String FREQUENCIES = "rope_freqs.weight";

    /** What {@code general.quantization_version} says of the blocks. */
    private static final int QUANTIZATION_VERSION = 2;

    /**
     * What to do.
     *
     * @param base     the folder of the model
     * @param adapter  the folder of an adapter to fold into it, or null
     * @param output   the file to make
     * @param type     how matrices are stored; null for the type that the model's own are in
     * @param template the chat template that goes with it
     * @param name     {@code general.name}, which programs show; null for none
     * @param force    whether to write over a file that is there
     */
    public record Settings(
            Path base,
            Path adapter,
            Path output,
            ExportType type,
            TemplateChoice template,
            String name,
            boolean force) {}

    private final Settings settings;
    private final Consumer<String> say;
    private final ModelFolder base;
    private final ModelConfig config;
    private final GgufFamily family;
    private final Map<String, Spec> stored = new HashMap<>();

    private GgufExport(Settings settings, Consumer<String> say) {
        this.settings = settings;
        this.say = say;
        base = ModelFolder.at(settings.base());
        config = base.config();
        family = new GgufFamily(config);
    }

    /**
     * Exports.
     *
     * @param say  takes what a user should know, a line each
     * @param stop asked before every tensor
     * @throws CancellationException where it said so; nothing is left then
     * @throws BadInput for whatever the user can fix, and for what llama.cpp cannot compute
     */
    public static ExportReport run(Settings settings, Consumer<String> say, BooleanSupplier stop) {
        GgufSink.check(settings.output(), settings.force());
        return new GgufExport(settings, say).run(stop);
    }

    private ExportReport run(BooleanSupplier stop) {
        try (Arena arena = Arena.ofShared();
                Weights weights = settings.adapter() == null ? null : Weights.load(settings.base())) {
            StoredTensors tensors = StoredTensors.open(base, null, arena);
            FoldedWeights folded = weights == null
                    ? null
                    : new FoldedWeights(tensors, PeftFiles.frozen(settings.adapter(), weights, Memory.of(arena)));
            List<Spec> specs = folded == null ? tensors.specs() : folded.specs();
            ExportType type = settings.type() == null ? own(specs) : settings.type();
            List<GgufTensor> written = tensors(specs, type);
            float[] divisors = family.frequencyDivisors();
            return GgufSink.write(
                    settings.output(),
                    metadata(type),
                    written,
                    (tensor, memory) -> tensor.name().equals(FREQUENCIES)
                            ? row -> divisors
                            : rows(tensor, source(tensor, tensors, folded, memory)),
                    stop);
        }
    }

    /** The type of the first matrix, the embedding. */
    private static ExportType own(List<Spec> specs) {
        return switch (specs.stream()
                .filter(spec -> !spec.vector())
                .findFirst()
                .map(Spec::dtype)
                .orElse(DType.F32)) {
            case BF16 -> ExportType.BF16;
            case F16 -> ExportType.F16;
            default -> ExportType.F32;
        };
    }

    private List<GgufTensor> tensors(List<Spec> specs, ExportType type) {
        boolean untied = specs.stream().anyMatch(spec -> spec.name().equals(GgufFamily.HEAD));
        List<GgufTensor> tensors = new ArrayList<>();
        for (Spec spec : specs) {
            String name = family.name(spec.name());
            stored.put(name, spec);
            boolean head = spec.name().equals(untied ? GgufFamily.HEAD : GgufFamily.EMBEDDING);
            GgmlType as = spec.vector() ? GgmlType.F32 : type.of(spec.cols(), head);
            tensors.add(new GgufTensor(name, as, spec.rows(), spec.cols(), spec.vector()));
        }
        if (family.frequencyDivisors() != null) {
            tensors.add(
                    new GgufTensor(FREQUENCIES, GgmlType.F32, 1, config.heads().width() / 2, true));
        }
        tellOfFallbacks(tensors, type);
        return tensors;
    }

    private void tellOfFallbacks(List<GgufTensor> tensors, ExportType type) {
        for (GgmlType other : List.of(GgmlType.Q5_0, GgmlType.F16)) {
            List<Integer> widths = tensors.stream()
                    .filter(tensor -> tensor.type() == other)
                    .map(GgufTensor::cols)
                    .distinct()
                    .sorted()
                    .toList();
            if (type.quantised() && !widths.isEmpty()) {
                say.accept("rows of " + widths + " numbers are not whole blocks of " + type + ": they are stored in "
                        + other + ", as llama.cpp does");
            }
        }
    }

    /** Rows of a tensor in the order that llama.cpp wants them in, with what its numbers take in. */
    private GgufWriter.Rows rows(GgufTensor tensor, StoredWeight weight) {
        Spec spec = stored.get(tensor.name());
        float offset = family.offset(spec.name());
        float scale = family.scale(spec.name());
        if (spec.vector()) {
            return row -> vector(spec.name(), weight.row(0), offset, scale);
        }
        return row -> weight.row(family.row(spec.name(), row));
    }

    /** A bias is turned as the rows of its matrix are. */
    private float[] vector(String name, float[] values, float offset, float scale) {
        float[] turned = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            turned[i] = (values[family.row(name, i)] + offset) * scale;
        }
        return turned;
    }

    /** What the adapter changes is rounded once, to the type that is written, or for quantised ones to float32. */
    private StoredWeight source(GgufTensor tensor, StoredTensors tensors, FoldedWeights folded, Arena arena) {
        Spec spec = stored.get(tensor.name());
        if (folded == null) {
            return tensors.weight(spec.name(), arena);
        }
        if (!folded.changes(spec.name())) {
            return StoredWeight.of(folded.tensor(spec, arena));
        }
        DType rounded =
                switch (tensor.type()) {
                    case BF16 -> DType.BF16;
                    case F16 -> DType.F16;
                    default -> DType.F32;
                };
        return StoredWeight.of(
                folded.tensor(new Spec(spec.name(), rounded, spec.rows(), spec.cols(), spec.vector()), arena));
    }

    private Map<String, GgufValue> metadata(ExportType type) {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.of(family.architecture()));
        metadata.put("general.type", GgufValue.of("model"));
        if (settings.name() != null) {
            metadata.put("general.name", GgufValue.of(settings.name()));
        }
        metadata.put("general.file_type", GgufValue.of(type.fileType()));
        metadata.put("general.quantization_version", GgufValue.of(QUANTIZATION_VERSION));
        metadata.putAll(family.keys(say));
        metadata.putAll(TokenizerMetadata.of(settings.base(), config.vocabSize(), say));
        if (settings.template().template().equals(TemplateChoice.MODELS_OWN) && !ChatTemplate.isIn(settings.base())) {
            say.accept("the model has no chat template, and neither has the file");
        } else {
            String source =
                    settings.template().load(settings.base(), LocalDateTime.MIN).source();
            metadata.put("tokenizer.chat_template", GgufValue.of(source));
        }
        return metadata;
    }
}
