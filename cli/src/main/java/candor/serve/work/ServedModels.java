package candor.serve.work;

import candor.BadInput;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.OwnMemory;
import candor.lora.PeftFiles;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Batch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/** The base model and its adapters, by the names that they are asked for. Threads may share it, but for what says otherwise. */
public final class ServedModels implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,95}");

    private final Backend backend;
    private final Weights weights;
    private final AdapterBank bank;
    private final Served base;
    private final Map<String, Served> adapters = new LinkedHashMap<>();
    /** By slot: who has it, also while it is leaving. */
    private final Served[] slots;

    /**
     * @param name of the base model
     * @param bank empty; its slots are all that there may be
     */
    public ServedModels(String name, Backend backend, Weights weights, AdapterBank bank) {
        requireName(name);
        this.backend = backend;
        this.weights = weights;
        this.bank = bank;
        base = new Served(name, Batch.BASE, null);
        slots = new Served[bank.slots()];
    }

    /** @throws BadInput for a name that could not be told from others in URLs and logs */
    public static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new BadInput("'" + (name.length() > 96 ? name.substring(0, 96) + "…" : name)
                    + "' is not a model's name: give up to 96 of A-Z, a-z, 0-9, '.', '_', '-' and '/', a"
                    + " letter or a digit first");
        }
    }

    public Served base() {
        return base;
    }

    /** All that may be named, the base model first. */
    public synchronized List<Served> all() {
        List<Served> all = new ArrayList<>();
        all.add(base);
        all.addAll(adapters.values());
        return all;
    }

    public synchronized Optional<Served> find(String name) {
        return Optional.ofNullable(name.equals(base.name()) ? base : adapters.get(name));
    }

    /** Uses a model so many times more, for {@link #done} to give back; false where it has gone meanwhile. */
    synchronized boolean use(Served model, int times) {
        if (model.leaving) {
            return false;
        }
        model.users += times;
        return true;
    }

    /** A use has ended. For the thread that generates, between passes or when a request has ended. */
    void done(Served model) {
        boolean last;
        synchronized (this) {
            last = --model.users == 0 && model.leaving;
        }
        if (last) {
            free(model);
        }
    }

    /**
     * Loads an adapter. For the thread that generates, between passes, or before any.
     *
     * @param folder the adapter's, or its run's
     * @throws BadInput where it is none, or does not fit the model; where the name is taken; where there is no slot left
     */
    public Served load(String name, Path folder) {
        requireName(name);
        int slot;
        synchronized (this) {
            if (find(name).isPresent()) {
                throw new BadInput("the model '" + name + "' is there already: drop it first, or choose another name");
            }
            slot = freeSlot();
        }
        OwnMemory memory = new OwnMemory(backend);
        try {
            Adapter adapter = PeftFiles.frozen(folder, weights, memory);
            bank.set(slot, adapter);
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
        Served served = new Served(name, slot, memory);
        synchronized (this) {
            slots[slot] = served;
            adapters.put(name, served);
        }
        return served;
    }

    private int freeSlot() {
        for (int slot = 0; slot < slots.length; slot++) {
            if (slots[slot] == null) {
                return slot;
            }
        }
        throw new BadInput(
                "all " + slots.length + " places for adapters are taken: drop one that is not needed",
                "or start with more {max_adapters}");
    }

    /**
     * Drops an adapter: nobody can name it from now on; those under way end as they would have. For the thread that generates,
     * between passes.
     *
     * @throws BadInput where there is none of that name
     */
    public void drop(String name) {
        Served gone;
        synchronized (this) {
            gone = adapters.remove(name);
            if (gone == null) {
                throw new BadInput("there is no adapter '" + name + "' to drop");
            }
            gone.leaving = true;
            if (gone.users > 0) {
                return;
            }
        }
        free(gone);
    }

    private void free(Served gone) {
        bank.set(gone.slot(), null);
        gone.memory().close();
        synchronized (this) {
            slots[gone.slot()] = null;
        }
    }

    /** Lets all adapters go. Nobody may use them any more. */
    @Override
    public void close() {
        List<Served> all;
        synchronized (this) {
            all = Arrays.stream(slots).filter(Objects::nonNull).toList();
        }
        all.forEach(this::free);
    }
}
