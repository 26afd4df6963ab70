HV_SRC += xsm/monitor/monitor.c xsm/monitor/floor.c
