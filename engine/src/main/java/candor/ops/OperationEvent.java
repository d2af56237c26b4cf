package candor.ops;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One operation of a backend, in a flight recording. */
@Name("candor.Operation")
@Label("Operation")
@Category("Candor")
@Description("An operation of a backend, from its call until its results are there")
@StackTrace(false)
final class OperationEvent extends Event {
    /** Looked at only where somebody has recorded something: loading it starts the recorder. */
    private static final class OfType {
        static final EventType TYPE = EventType.getEventType(OperationEvent.class);
    }

    @Label("Operation")
    String operation;

    @Label("Rows")
    @Description("Rows of its first operand")
    int rows;

    /** An event that has begun, or null while nobody records. */
    static OperationEvent started() {
        if (!FlightRecorder.isInitialized() || !OfType.TYPE.isEnabled()) {
            return null;
        }
        OperationEvent event = new OperationEvent();
        event.begin();
        return event;
    }

    /** @param backend waited for, where operations return before they are done */
    static void finish(OperationEvent event, String operation, int rows, Backend backend) {
        if (event != null) {
            backend.synchronise();
            event.operation = operation;
            event.rows = rows;
            event.commit();
        }
    }
}
