package candor.model;

import candor.BadInput;
import candor.model.Architecture.Stored;
import candor.model.SafetensorsWriter.Spec;
import candor.ops.weight.PackedForm;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Takes the weights of a model out of its files, after checking that exactly these are there. */
final class WeightsLoader {
    /** Old checkpoints stored the rotary frequencies; they follow from config.json. */
    private static final String FREQUENCIES = "rotary_emb.inv_freq";

    private static final String BELONG = "; check that " + ModelFolder.CONFIG + " and the weights belong together";

    private final ModelFolder folder;
    private final ModelConfig config;
    private final TensorFiles files;
    private final Arena arena;

    /** How the files have packed weights; null where they have none. */
    private final PackedLayout layout;

    /** @param form what linear layers are packed as; null for whatever they are in */
    private WeightsLoader(ModelFolder folder, PackedForm form, Arena arena) {
        this.folder = folder;
        ModelConfig there = folder.config();
        this.config = there.packed(form);
        this.layout =
                there.packing() == null ? null : PackedLayout.of(there.packing().form());
        this.files = TensorFiles.open(folder, arena);
        this.arena = arena;
    }

    static Weights load(ModelFolder folder, PackedForm form) {
        Arena arena = Arena.ofShared();
        try {
            WeightsLoader loader = new WeightsLoader(folder, form, arena);
            loader.checkNames();
            return assemble(loader.config, arena, stored -> loader.matrix(stored, arena), loader::copy);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** The tensors as the files hold them, or packed; the arena stays open. */
    static StoredTensors stored(ModelFolder folder, PackedForm form, Arena arena) {
        WeightsLoader loader = new WeightsLoader(folder, form, arena);
        loader.checkNames();
        List<Spec> specs = new ArrayList<>();
        Map<String, Stored> all = new LinkedHashMap<>();
        for (Stored stored : Architecture.tensors(loader.config)) {
            DType dtype = loader.packedHere(stored) || loader.packs(stored)
                    ? DType.BF16
                    : loader.matching(stored).dtype();
            specs.add(new Spec(stored.name(), dtype, stored.rows(), stored.cols(), stored.vector()));
            all.put(stored.name(), stored);
        }
        return new StoredTensors(loader.config, specs, (name, memory) -> loader.matrix(all.get(name), memory));
    }

    /** Whether the files have it packed. */
    private boolean packedHere(Stored stored) {
        return layout != null && stored.linear() && layout.isIn(files, stored.name());
    }

    /** Whether it is packed as it is loaded. */
    private boolean packs(Stored stored) {
        return layout == null && config.packs(stored);
    }

    /** A matrix, or a vector as (1, n), in its form; where it is packed here, in this memory. */
    private StoredWeight matrix(Stored stored, Arena memory) {
        if (packedHere(stored)) {
            return layout.read(files, stored, memory);
        }
        StoredWeight plain = StoredWeight.of(matching(stored));
        if (!packs(stored)) {
            return plain;
        }
        try {
            return config.packing().form().pack(plain, memory);
        } catch (BadInput e) {
            throw e.at(files.fileOf(stored.name()).file() + ": tensor " + stored.name());
        }
    }

    /** Puts the weights together from sources, which are asked in the order of the forward pass. */
    static Weights assemble(
            ModelConfig config, Arena arena, Function<Stored, Weight> matrices, Function<Stored, Tensor> vectors) {
        Weight embedding = matrices.apply(Architecture.embedding(config));
        List<LayerWeights> layers = IntStream.range(0, config.layers())
                .mapToObj(layer -> LayerWeights.of(
                        config,
                        each -> matrices.apply(each.stored(config, layer)),
                        each -> vectors.apply(each.stored(config, layer))))
                .toList();
        Tensor finalNorm = vectors.apply(Architecture.finalNorm(config));
        Weight head = config.tieWordEmbeddings() ? embedding : matrices.apply(Architecture.head(config));
        return new Weights(config, embedding, head, finalNorm, layers, arena);
    }

    private void checkNames() {
        List<Stored> expected = Architecture.tensors(config);
        List<Stored> missing =
                expected.stream().filter(stored -> !files.has(stored.name())).toList();
        if (!missing.isEmpty()) {
            Stored first = missing.getFirst();
            String others = missing.size() == 1 ? "" : " (and " + (missing.size() - 1) + " more)";
            throw new BadInput(folder.path() + ": tensor " + first.name() + " is missing" + others
                    + ", expected with the shape " + first.shape() + BELONG);
        }
        Set<String> names = expected.stream().map(Stored::name).collect(Collectors.toCollection(HashSet::new));
        if (layout != null) {
            expected.stream().filter(Stored::linear).forEach(each -> names.addAll(layout.beside(each.name())));
        }
        for (String name : files.names()) {
            if (!names.contains(name) && !harmless(name)) {
                requireNotPacked(name, expected);
                throw new BadInput(files.fileOf(name).file() + ": tensor " + name + " has no place in a "
                        + config.architecture().className() + " of " + config.layers() + " layers" + BELONG);
            }
        }
    }

    /** A part of a packed weight, in a checkpoint that does not say that it is packed so. */
    private void requireNotPacked(String name, List<Stored> expected) {
        for (PackedForm form : PackedForm.values()) {
            PackedLayout other = PackedLayout.of(form);
            if (expected.stream().anyMatch(each -> other.beside(each.name()).contains(name))) {
                throw new BadInput(
                        files.fileOf(name).file() + ": tensor " + name + " belongs to a weight that is packed as "
                                + form.text() + ", which " + ModelFolder.CONFIG
                                + " does not say of this layer; check that the two belong together");
            }
        }
    }

    private boolean harmless(String name) {
        Stored head = Architecture.head(config);
        if (config.tieWordEmbeddings() && name.equals(head.name())) {
            checkTied(head);
            return true;
        }
        return name.equals(FREQUENCIES) || name.endsWith("." + FREQUENCIES);
    }

    /** Some checkpoints store a tied head once more; if it were another one, tying it would be wrong. */
    private void checkTied(Stored head) {
        Tensor stored = matching(head);
        Tensor embedding = matching(Architecture.embedding(config));
        if (stored.dtype() != embedding.dtype() || stored.data().mismatch(embedding.data()) >= 0) {
            throw new BadInput(files.fileOf(head.name()).file() + ": " + head.name()
                    + " differs from the embedding, but " + ModelFolder.CONFIG
                    + " ties them; set tie_word_embeddings to false to use both");
        }
    }

    private Tensor matching(Stored stored) {
        Safetensors file = files.fileOf(stored.name());
        Safetensors.Entry entry = file.entry(stored.name());
        List<Long> shape =
                stored.vector() ? List.of((long) stored.cols()) : List.of((long) stored.rows(), (long) stored.cols());
        if (!entry.shape().equals(shape)) {
            throw new BadInput(file.file() + ": tensor " + stored.name() + " has the shape " + entry.shape()
                    + ", expected " + stored.shape() + BELONG);
        }
        return file.tensor(stored.name());
    }

    /** A vector in float32, with what the family adds to each of its numbers. */
    private Tensor copy(Stored stored) {
        Tensor vector = matching(stored);
        float offset = config.architecture().offset(stored);
        Tensor copy = Tensor.allocate(arena, DType.F32, 1, vector.cols());
        for (int c = 0; c < vector.cols(); c++) {
            copy.set(0, c, (float) vector.get(0, c) + offset);
        }
        return copy;
    }
}
