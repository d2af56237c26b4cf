package candor.cli;

import candor.BadInput;
import candor.ops.BackendDescriptor;
import candor.ops.ProcessMemory;
import candor.ops.Room;
import java.util.Optional;

/** The option {@code --device-memory}: a plan for a GPU that is not there. */
final class DeviceMemory {
    static final String OPTION = "--device-memory";
    static final String LABEL = "SIZE";
    static final String HELP =
            "Plans for a GPU of so much memory, such as 24GB or 80GiB, whether this machine has one or"
                    + " not; with --backend auto or cuda.";

    private DeviceMemory() {}

    /** The backend that is planned for. */
    static Optional<BackendDescriptor> backend(String given, Optional<BackendDescriptor> asked) {
        asked.filter(backend -> given != null && backend.memory() != BackendDescriptor.Memory.DEVICE)
                .ifPresent(backend -> {
                    throw new BadInput(
                            OPTION + ": belongs to --backend cuda, not " + backend.name() + "; remove one of the two");
                });
        return given == null ? asked : Optional.of(BackendDescriptor.CUDA);
    }

    /** The memory that is planned with. */
    static Room room(String given, BackendDescriptor backend) {
        long host = ProcessMemory.available();
        return given == null ? Room.at(backend, host) : Room.planned(host, MemorySize.bytes(OPTION, given));
    }
}
