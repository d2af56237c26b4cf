package candor.train.distributed;

import candor.comm.Communicator;
import candor.ops.Room;
import java.nio.ByteBuffer;

/** Memory that each of several processes has: they must plan alike, and what is free differs from one moment to the next. */
public final class LeastRoom {
    private LeastRoom() {}

    /**
     * The least of each kind; all processes take part.
     *
     * @param own what this process has
     */
    public static Room of(Communicator comm, Room own) {
        byte[] mine = ByteBuffer.allocate(3 * Long.BYTES)
                .putLong(own.host())
                .putLong(own.device())
                .putLong(own.overhead())
                .array();
        Room least = own;
        for (byte[] bytes : comm.allGather(mine)) {
            ByteBuffer each = ByteBuffer.wrap(bytes);
            least = new Room(
                    Math.min(least.host(), each.getLong()),
                    Math.min(least.device(), each.getLong()),
                    Math.max(least.overhead(), each.getLong()));
        }
        return least;
    }
}
