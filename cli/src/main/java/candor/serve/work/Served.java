package candor.serve.work;

import candor.lora.OwnMemory;
import java.time.Instant;

/** A model that may be named: the base, or an adapter over it. Its counts are under the lock of {@link ServedModels}. */
public final class Served {
    private final String name;
    private final int slot;
    private final Instant since;
    /** Null for the base model. */
    private final OwnMemory memory;

    int users;
    boolean leaving;

    Served(String name, int slot, OwnMemory memory) {
        this.name = name;
        this.slot = slot;
        this.memory = memory;
        since = Instant.now();
    }

    public String name() {
        return name;
    }

    /** Of the adapter bank, or {@link candor.ops.Batch#BASE}. */
    public int slot() {
        return slot;
    }

    /** When it was loaded. */
    public Instant since() {
        return since;
    }

    OwnMemory memory() {
        return memory;
    }
}
