"""MS-SL++ and the models it is compared with; nothing here knows a file or a screen."""
