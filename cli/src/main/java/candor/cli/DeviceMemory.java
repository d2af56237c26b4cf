package candor.cli;

import candor.BadInput;
import candor.ops.Room;

/** The option {@code --device-memory}: a plan for a GPU that is not there. */
final class DeviceMemory {
    static final String OPTION = "--device-memory";
    static final String LABEL = "SIZE";
    static final String HELP =
            "Plans for a GPU of so much memory, such as 24GB or 80GiB, whether this machine has one or"
                    + " not; with --backend auto or cuda.";

    private DeviceMemory() {}

    /** The backend that is planned for. */
    static String backend(String given, String asked) {
        if (given != null && !asked.equals("auto") && !asked.equals("cuda")) {
            throw new BadInput(OPTION + ": belongs to --backend cuda, not " + asked + "; remove one of the two");
        }
        return given == null ? asked : "cuda";
    }

    /** The memory that is planned with. */
    static Room room(String given, String backend) {
        long host = ProcessMemory.available();
        return given == null ? Room.at(backend, host) : Room.planned(host, MemorySize.bytes(OPTION, given));
    }
}
