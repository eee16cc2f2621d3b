"""Class lists of published evaluation sets as numbers of ImageNet's 1,000 labels (from 0), transcribed from the code of
WiSE-FT, where the robustness testbed and VL Hub have the same. Tests compare the files of this repository with them."""

_RENDITIONS = """
1 2 4 6 8 9 11 13 22 23 26 29 31 39 47 63 71 76 79 84 90 94 96 97 99 100 105 107 113 122 125 130 132 144 145 147 148
150 151 155 160 161 162 163 171 172 178 187 195 199 203 207 208 219 231 232 234 235 242 245 247 250 251 254 259 260
263 265 267 269 276 277 281 288 289 291 292 293 296 299 301 308 309 310 311 314 315 319 323 327 330 334 335 337 338
340 341 344 347 353 355 361 362 365 366 367 368 372 388 390 393 397 401 407 413 414 425 428 430 435 437 441 447 448
457 462 463 469 470 471 472 476 483 487 515 546 555 558 570 579 583 587 593 594 596 609 613 617 621 629 637 657 658
701 717 724 763 768 774 776 779 780 787 805 812 815 820 824 833 847 852 866 875 883 889 895 907 928 931 932 933 934
936 937 943 945 947 948 949 951 953 954 957 963 965 967 980 981 983 988
"""

_ADVERSARIAL = """
6 11 13 15 17 22 23 27 30 37 39 42 47 50 57 70 71 76 79 89 90 94 96 97 99 105 107 108 110 113 124 125 130 132 143
144 150 151 207 234 235 254 277 283 287 291 295 298 301 306 307 308 309 310 311 313 314 315 317 319 323 324 326 327
330 334 335 336 347 361 363 372 378 386 397 400 401 402 404 407 411 416 417 420 425 428 430 437 438 445 456 457 461
462 470 472 483 486 488 492 496 514 516 528 530 539 542 543 549 552 557 561 562 569 572 573 575 579 589 606 607 609
614 626 627 640 641 642 643 658 668 677 682 684 687 701 704 719 736 746 749 752 758 763 765 768 773 774 776 779 780
786 792 797 802 803 804 813 815 820 823 831 833 835 839 845 847 850 859 862 870 879 880 888 890 897 900 907 913 924
932 933 934 937 943 945 947 951 954 956 957 959 971 972 980 981 984 986 987 988
"""

# folder = name = labels
_OBJECTS = """
alarm_clock = Alarm clock = 409/530; backpack = Backpack = 414; banana = Banana = 954; band_aid = Band Aid = 419;
basket = Basket = 790; beer_bottle = Beer bottle = 440; bench = Bench = 703; bicycle = Bicycle = 671/444;
binder_closed = Binder (closed) = 446; bottle_cap = Bottle cap = 455; bread_loaf = Bread loaf = 930; broom = Broom =
462; bucket = Bucket = 463; butchers_knife = Butcher's knife = 499; can_opener = Can opener = 473; candle = Candle =
470; cellphone = Cellphone = 487; chair = Chair = 423/559/765; clothes_hamper = Clothes hamper = 588;
coffee_french_press = Coffee/French press = 550; combination_lock = Combination lock = 507; computer_mouse =
Computer mouse = 673; desk_lamp = Desk lamp = 846; doormat = Doormat = 539; dress = Dress = 578; dress_shoe_men =
Dress shoe (men) = 630; drill = Drill = 740; drinking_cup = Drinking Cup = 968; drying_rack_for_dishes = Drying rack
for plates = 729; envelope = Envelope = 549; fan = Fan = 545; frying_pan = Frying pan = 567; full_sized_towel = Bath
towel = 434; hair_dryer = Hair dryer = 589; hammer = Hammer = 587; hand_towel_or_rag = Dishrag or hand towel = 533;
helmet = Helmet = 560/518; iron_for_clothes = Iron (for clothes) = 606; jeans = Jeans = 608; keyboard = Keyboard =
508; ladle = Ladle = 618; lampshade = Lampshade = 619; laptop_open = Laptop (open) = 620; lemon = Lemon = 951;
letter_opener = Letter opener = 623; lighter = Lighter = 626; lipstick = Lipstick = 629; match = Match = 644;
measuring_cup = Measuring cup = 647; microwave = Microwave = 651; mixing_salad_bowl = Mixing / Salad Bowl = 659;
monitor = Monitor = 664; mug = Mug = 504; nail_fastener = Nail (fastener) = 677; necklace = Necklace = 679; orange =
Orange = 950; padlock = Padlock = 695; paintbrush = Paintbrush = 696; paper_towel = Paper towel = 700; pen = Pen =
418/749/563; pill_bottle = Pill bottle = 720; pillow = Pillow = 721; pitcher = Pitcher = 725; plastic_bag = Plastic
bag = 728; plate = Plate = 923; plunger = Plunger = 731; pop_can = Pop can = 737; portable_heater = Portable heater
= 811; printer = Printer = 742; remote_control = Remote control = 761; ruler = Ruler = 769; running_shoe = Running
shoe = 770; safety_pin = Safety pin = 772; salt_shaker = Salt shaker = 773; sandal = Sandal = 774; screw = Screw =
783; shovel = Shovel = 792; skirt = Skirt = 601/655/689; sleeping_bag = Sleeping bag = 797; soap_dispenser = Soap
dispenser = 804; sock = Sock = 806; soup_bowl = Soup Bowl = 809; spatula = Spatula = 813; speaker = Speaker = 632;
still_camera = Still Camera = 732/759; strainer = Strainer = 828; stuffed_animal = Stuffed animal = 850; suit_jacket
= Suit jacket = 834; sunglasses = Sunglasses = 837; sweater = Sweater = 841; swimming_trunks = Swimming trunks =
842; t-shirt = T-shirt = 610; teapot = Teapot = 849; tennis_racket = Tennis racket = 752; tie = Tie = 457/906;
toaster = Toaster = 859; toilet_paper_roll = Toilet paper roll = 999; trash_bin = Trash bin = 412; tray = Tray =
868; tv = TV = 851; umbrella = Umbrella = 879; vacuum_cleaner = Vacuum cleaner = 882; vase = Vase = 883; wallet =
Wallet = 893; watch = Watch = 531; water_bottle = Water bottle = 898; weight_exercise = Weight (exercise) = 543;
weight_scale = Weight scale = 778; wheel = Wheel = 479/694; whistle = Whistle = 902; wine_bottle = Wine bottle =
907; winter_glove = Winter glove = 658; wok = Wok = 909
"""

RENDITIONS = [int(number) for number in _RENDITIONS.split()]
ADVERSARIAL = [int(number) for number in _ADVERSARIAL.split()]
OBJECTS = {
    folder: (name, [int(number) for number in numbers.split("/")])
    for folder, name, numbers in (entry.split(" = ") for entry in " ".join(_OBJECTS.split()).split("; "))
}
